import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflate, inflateSync } from 'node:zlib';

import { faultOf } from '../core/machine-fault.ts';
import { errnoOf } from '../process/errno.ts';
import { readFileBeneath, syncDirectory } from '../process/file.ts';
import { mkdir, rename } from '../process/file-system.ts';
import type { ObjectFormat } from './blob.ts';
import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';

/*
 * Objects that a disk, or a power cut, has damaged. Invariants:
 * 1. Nothing that can be read is moved. A loose object that is not what its name says is moved to `damaged/`, never
 *    deleted: git would take it for the object, and not write the right one when it is made again.
 * 2. What is put in place of a missing object hashes to its name.
 */

const inflated = promisify(inflate);

type StoreOf = Pick<Depot, 'path' | 'format'>;

/** A loose object whose content is not what its name says. */
export interface CorruptObject {
  readonly oid: string;
  readonly path: string;
}

export interface LooseObject {
  readonly type: string;
  readonly content: Buffer;
}

/** Where one object lies as a file of its own. */
export function loosePath(objects: string, oid: string): string {
  return join(objects, oid.slice(0, 2), oid.slice(2));
}

/** The object of the depot, if the file holds exactly what its name says (gitformat-loose(5)); null for anything else. */
function readLooseObject(path: string, oid: string, format: ObjectFormat): LooseObject | null {
  try {
    return parseObject(inflateSync(readFileSync(path)), oid, format);
  } catch (error) {
    // zlib says what is wrong by codes of its own, the system by its own.
    if (errnoOf(error) === null || faultOf(error) !== null) throw error;
    return null;
  }
}

function parseObject(raw: Buffer, oid: string, format: ObjectFormat): LooseObject | null {
  if (createHash(format).update(raw).digest('hex') !== oid) return null;
  const end = raw.indexOf(0);
  const [, type, size] = /^(blob|commit|tag|tree) (\d+)$/.exec(raw.toString('latin1', 0, Math.min(end, 64))) ?? [];
  const content = raw.subarray(end + 1);
  return type === undefined || Number(size) !== content.length ? null : { type, content };
}

/** All loose objects of the depot that are damaged. Reads every one. */
export function findCorruptObjects({ path, format }: StoreOf): CorruptObject[] {
  const objects = join(path, 'objects');
  const corrupt: CorruptObject[] = [];
  for (const fan of namesIn(objects).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const rest of namesIn(join(objects, fan)).filter((name) => /^(?:[0-9a-f]{38}|[0-9a-f]{62})$/.test(name))) {
      const oid = `${fan}${rest}`;
      const file = loosePath(objects, oid);
      if (readLooseObject(file, oid, format) === null) corrupt.push({ oid, path: file });
    }
  }
  return corrupt;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Moves damaged objects out of git's way, so that they count as missing and can be written again. */
export async function setAsideCorrupt(depot: StoreOf, corrupt: readonly CorruptObject[]): Promise<void> {
  if (corrupt.length === 0) return;
  const damaged = join(depot.path, 'damaged');
  await mkdir(damaged, { recursive: true });
  for (const { oid, path } of corrupt) await rename(path, join(damaged, oid));
  await syncDirectory(damaged);
}

/** What git finds wrong in the whole depot. */
export interface DepotDamage {
  /** In git's own words, the first of them. */
  readonly said: string;
  /** Objects that are missing or cannot be read. After they are restored, more may be found behind them. */
  readonly oids: readonly string[];
}

const OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
/** A whole look at a very large history may take longer; then it is said so. */
const GIT_TIMEOUT_MS = 10 * 60_000;

/** Everything that is reachable from the depot's refs, and all objects themselves; null when it is whole. */
export async function findDamage({ path }: Pick<Depot, 'path'>): Promise<DepotDamage | null> {
  const { code, stdout, stderr } = await git(['fsck', '--no-dangling', '--no-progress'], {
    gitDir: path,
    answers: Array.from({ length: 256 }, (_, index) => index),
    mayCut: true,
    maxOutputBytes: OUTPUT_BYTES_MAX,
    timeoutMs: GIT_TIMEOUT_MS,
  });
  if (code === 0) return null;
  const text = `${stderr}\n${stdout.toString('utf8')}`;
  const [said] = text.split('\n').filter((line) => line.trim() !== '');
  return { said: said?.trim() ?? `git fsck exited with ${code}`, oids: damagedIn(text) };
}

const OID = '([0-9a-f]{64}|[0-9a-f]{40})';
const DAMAGED = [
  `^missing \\w+ ${OID}`,
  `^ +to +\\w+ ${OID}`,
  `\\b${OID}: object corrupt or missing`,
  `object ${OID} \\(stored in `,
  `invalid (?:sha1|oid) pointer ${OID}`,
  `unable to parse object: ${OID}`,
  `\\b(?:bad|[Cc]ould not read|unable to read)(?: (?:blob|commit|tag|tree))?(?: object)? \\(?'?${OID}`,
  `missing (?:blob|commit|tag|tree) object '${OID}'`,
  `(?:cannot unpack|CRC mismatch for object) ${OID}`,
].map((pattern) => new RegExp(pattern, 'gm'));

/** Ids of the objects that git calls missing or corrupt. */
function damagedIn(text: string): string[] {
  const found = DAMAGED.flatMap((pattern) => [...text.matchAll(pattern)].map(([, oid = '']) => oid));
  return [...new Set(found)].filter((oid) => !/^0+$/.test(oid));
}

/**
 * Objects that `commit` adds to `known` and that are missing, or corrupt where they are loose: those that git names, and
 * no others. Reads one after the other, and lets others at work in between.
 */
export async function damagedBetween(depot: StoreOf, commit: string, known: string | null): Promise<string[]> {
  const listed = await listObjects(depot, commit, known);
  if (listed.kind === 'failed') return listed.damaged;
  const { stdout } = await git(['cat-file', '--batch-check=%(objecttype)', '--buffer'], {
    ...inDepot(depot),
    input: `${listed.oids.join('\n')}\n`,
    timeoutMs: GIT_TIMEOUT_MS,
  });
  const types = stdout.toString('latin1').split('\n');
  const damaged = listed.oids.filter((_, index) => types[index]?.endsWith(' missing') === true);
  return [...new Set([...listed.missing, ...damaged, ...(await findCorrupt(depot, listed.oids))])];
}

/** Those of these objects that are loose, and are not what their names say. */
export async function findCorrupt({ path, format }: StoreOf, oids: readonly string[]): Promise<string[]> {
  const objects = join(path, 'objects');
  const corrupt: string[] = [];
  for (const oid of oids) {
    const file = loosePath(objects, oid);
    if (existsSync(file) && (await readOwnObject(file, oid, format)) === null) corrupt.push(oid);
  }
  return corrupt;
}

/** As {@link readLooseObject}, without blocking. */
async function readOwnObject(path: string, oid: string, format: ObjectFormat): Promise<LooseObject | null> {
  try {
    return parseObject(await inflated(await readFile(path)), oid, format);
  } catch (error) {
    if (errnoOf(error) === null || faultOf(error) !== null) throw error;
    return null;
  }
}

/** Compressed, and with its header, an object can be a little larger than its content. */
const OVERHEAD_BYTES = 1024 * 1024;

/**
 * As {@link readLooseObject}, from a git directory that an agent has written: no link is followed, nothing blocks, and
 * neither the file nor what it inflates to is larger than `bytesMax` allows.
 *
 * @param relative of the directory `objects`, below `root`, which is ours.
 */
export async function readForeignObject(
  { root, relative, bytesMax }: { readonly root: string; readonly relative: string; readonly bytesMax: number },
  oid: string,
  format: ObjectFormat,
): Promise<LooseObject | null> {
  const limit = bytesMax + OVERHEAD_BYTES;
  const read = await readFileBeneath(root, loosePath(relative, oid), { maxBytes: limit });
  if (read.kind !== 'ok') return null;
  try {
    return parseObject(await inflated(read.data, { maxOutputLength: limit }), oid, format);
  } catch (error) {
    // What zlib says.
    if (errnoOf(error) === null) throw error;
    return null;
  }
}

type Listed =
  | { readonly kind: 'listed'; readonly oids: readonly string[]; readonly missing: readonly string[] }
  /** What git named when it gave up. */
  | { readonly kind: 'failed'; readonly damaged: string[] };

async function listObjects(depot: StoreOf, commit: string, known: string | null): Promise<Listed> {
  const args = ['rev-list', '--objects', '--no-object-names', '--missing=print', commit];
  const { code, stdout, stderr } = await git([...args, ...(known === null ? [] : ['--not', known]), '--'], {
    ...inDepot(depot),
    answers: [0, 128],
    timeoutMs: GIT_TIMEOUT_MS,
  });
  if (code !== 0) return { kind: 'failed', damaged: damagedIn(stderr) };
  const lines = stdout.toString('latin1').split('\n').filter(Boolean);
  const missing = lines.filter((line) => line.startsWith('?')).map((line) => line.slice(1));
  return { kind: 'listed', oids: lines.filter((line) => !line.startsWith('?')), missing };
}

/** Commits, trees and blobs that `commit` has and `known` has not; null where they cannot all be listed. */
export async function objectsOf(depot: StoreOf, commit: string, known: string | null): Promise<string[] | null> {
  const listed = await listObjects(depot, commit, known);
  return listed.kind === 'failed' || listed.missing.length > 0 ? null : [...listed.oids];
}

/** Writes an object into the depot. Throws unless it is exactly the one that was meant. */
export async function writeObject(depot: StoreOf, oid: string, { type, content }: LooseObject): Promise<void> {
  const args = ['hash-object', '-w', '-t', type, '--stdin'];
  const { stdout } = await git(args, { ...inDepot(depot), input: content });
  const written = stdout.toString('latin1').trim();
  if (written !== oid) throw new Error(`the object ${written} was written instead of ${oid}`);
}
