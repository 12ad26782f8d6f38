import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';

import { errnoOf } from '../process/errno.ts';
import { syncDirectory } from '../process/file.ts';
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

/** The object, if the file holds exactly what its name says (gitformat-loose(5)); null for anything else. */
export function readLooseObject(path: string, oid: string, format: ObjectFormat): LooseObject | null {
  let raw: Buffer;
  try {
    raw = inflateSync(readFileSync(path));
  } catch (error) {
    // zlib says what is wrong by codes of its own, the system by its own.
    if (errnoOf(error) === null) throw error;
    return null;
  }
  if (createHash(format).update(raw).digest('hex') !== oid) return null;
  const header = raw.toString('latin1', 0, Math.min(raw.indexOf(0), 64));
  return { type: header.split(' ')[0] ?? '', content: raw.subarray(raw.indexOf(0) + 1) };
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

/** Everything that is reachable from the depot's refs, and all objects themselves; null when it is whole. */
export async function findDamage({ path }: Pick<Depot, 'path'>, timeoutMs?: number): Promise<DepotDamage | null> {
  const { code, stdout, stderr } = await git(['fsck', '--no-dangling', '--no-progress'], {
    gitDir: path,
    answers: Array.from({ length: 256 }, (_, index) => index),
    mayCut: true,
    maxOutputBytes: OUTPUT_BYTES_MAX,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
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
  `(?:cannot unpack|CRC mismatch for object) ${OID}`,
].map((pattern) => new RegExp(pattern, 'gm'));

/** Ids of the objects that `git fsck` calls missing or corrupt. */
export function damagedIn(text: string): string[] {
  const found = DAMAGED.flatMap((pattern) => [...text.matchAll(pattern)].map(([, oid = '']) => oid));
  return [...new Set(found)].filter((oid) => !/^0+$/.test(oid));
}

/** Whether all that a commit adds to another one can be read; blobs too, where they are loose. */
export async function isIntact(depot: StoreOf, commit: string, known: string): Promise<boolean> {
  const oids = await objectsOf(depot, commit, known);
  if (oids === null) return false;
  const { stdout } = await git(['cat-file', '--batch-check', '--buffer'], {
    ...inDepot(depot),
    input: `${oids.join('\n')}\n`,
  });
  if (/ missing$/m.test(stdout.toString('latin1'))) return false;
  const objects = join(depot.path, 'objects');
  return oids.every((oid) => {
    const path = loosePath(objects, oid);
    return !existsSync(path) || readLooseObject(path, oid, depot.format) !== null;
  });
}

/** Commits, trees and blobs that `commit` has and `known` has not; null where they cannot all be listed. */
export async function objectsOf(depot: StoreOf, commit: string, known: string | null): Promise<string[] | null> {
  const args = ['rev-list', '--objects', '--no-object-names', '--missing=print', commit];
  const { code, stdout } = await git([...args, ...(known === null ? [] : ['--not', known]), '--'], {
    ...inDepot(depot),
    answers: [0, 128],
  });
  if (code !== 0) return null;
  const lines = stdout.toString('latin1').split('\n').filter(Boolean);
  return lines.some((line) => line.startsWith('?')) ? null : lines;
}

/** Writes an object into the depot. Throws unless it is exactly the one that was meant. */
export async function writeObject(depot: StoreOf, oid: string, { type, content }: LooseObject): Promise<void> {
  const args = ['hash-object', '-w', '-t', type, '--stdin'];
  const { stdout } = await git(args, { ...inDepot(depot), input: content });
  const written = stdout.toString('latin1').trim();
  if (written !== oid) throw new Error(`the object ${written} was written instead of ${oid}`);
}
