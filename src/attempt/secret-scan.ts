import { matches, parsePatterns } from '../core/scope.ts';
import type { Found } from '../core/redact.ts';
import { BlobReader } from '../git/blob-reader.ts';
import { blobId } from '../git/blob.ts';
import { toText } from '../git/byte-path.ts';
import { readBlobs } from '../git/depot.ts';
import type { Depot } from '../git/depot.ts';
import { MODE_GITLINK } from '../git/index-file.ts';
import { IntegrityError } from '../git/integrity-error.ts';
import type { Lane } from '../git/lane.ts';
import { diffRaw } from '../git/raw-diff.ts';
import { readChange } from '../git/snapshot.ts';
import type { Change } from '../git/walk.ts';
import { isCertain } from '../process/secret-scanner.ts';
import { textWindows } from '../process/text-windows.ts';
import type { AttemptContext } from './attempt-context.ts';

/** A place in what an attempt made that holds a secret. */
export interface Leak {
  readonly path: string;
  /** Null: the path itself. */
  readonly line: number | null;
  readonly label: string;
  readonly isNamed: boolean;
}

const LEAKS_MAX = 20;

/**
 * Secrets in what the attempt changed against the base, before any of it enters the depot. What stood in the same file of
 * the base is none of the attempt's. Throws whatever keeps it from being searched: what was not searched is not clean.
 */
export async function findLeaks(
  context: Pick<AttemptContext, 'depot' | 'pin' | 'redactor'>,
  lane: Lane,
  changes: readonly Change[],
): Promise<Leak[]> {
  const allowed = parsePatterns(context.pin.config.secretScan.allow);
  const leaks: Leak[] = [];
  const ofLane = new Set(changes);
  const all = await againstBase(context, lane, changes);
  const earlier = new BlobReader(
    context.depot,
    all.flatMap((change) => (ofLane.has(change) || change.oid === null ? [] : [change.oid])),
  );
  for (const change of all) {
    const path = toText(change.path);
    const mayLookSecret = allowed.some((pattern) => matches(pattern, path));
    const counts = (found: Found): boolean => isCertain(found) && (found.kind === 'named' || !mayLookSecret);
    const inPath = context.redactor.find(change.path).find(counts);
    if (inPath !== undefined) leaks.push(leakOf(path, null, inPath));
    const data = ofLane.has(change) ? contentIn(context, lane, change) : await contentOf(earlier, change);
    leaks.push(...(await inContent(context, lane, { path, data, counts })));
    if (leaks.length >= LEAKS_MAX) break;
  }
  // The path of one may be the secret of another.
  return leaks.slice(0, LEAKS_MAX).map((leak) => ({ ...leak, path: context.redactor.text(leak.path) }));
}

/** Says where, never what. */
export function tellLeak({ path, line, label, isNamed }: Leak): string {
  const what = isNamed ? `the value of the secret ${label}` : `what looks like a secret (${label})`;
  return line === null ? `the path ${path} holds ${what}` : `${path}:${line} holds ${what}`;
}

/** Work of earlier attempts that the lane was filled with is part of what is to be committed. */
async function againstBase(
  { depot }: Pick<AttemptContext, 'depot'>,
  lane: Lane,
  changes: readonly Change[],
): Promise<Change[]> {
  const earlier = lane.content === lane.base ? [] : await diffRaw(depot, lane.base, lane.content);
  const all = new Map([...earlier, ...changes].map((change) => [change.path, change]));
  return [...all.values()].filter(({ oid }) => oid !== null);
}

/** Of earlier work. */
async function contentOf(earlier: BlobReader, { path, mode, oid }: Change): Promise<Buffer> {
  const blob = oid === null ? null : await earlier.read(oid);
  if (blob === null && mode !== MODE_GITLINK) throw new Error(`${toText(path)} is not in the depot`);
  return blob ?? Buffer.alloc(0);
}

function contentIn({ depot }: Pick<AttemptContext, 'depot'>, lane: Lane, change: Change): Buffer {
  const data = readChange(lane.directory, change);
  // What is committed is what was searched: it is read again, and compared with the same id.
  if (blobId(data, depot.format) !== change.oid) {
    throw new IntegrityError(`${toText(change.path)} changed while it was read`);
  }
  return data;
}

interface Searched {
  readonly path: string;
  readonly data: Buffer;
  readonly counts: (found: Found) => boolean;
}

async function inContent(
  { depot, redactor }: Pick<AttemptContext, 'depot' | 'redactor'>,
  lane: Lane,
  { path, data, counts }: Searched,
): Promise<Leak[]> {
  const leaks = new Map<number, Leak>();
  let before: string | null = null;
  let line = 1;
  for (const { at, text, own } of textWindows(data)) {
    let counted = 0;
    let lineHere = line;
    for (const found of redactor.find(text).filter(counts)) {
      before ??= await baseText(depot, lane, path);
      if (before.includes(text.slice(found.start, found.end))) continue;
      lineHere += linesIn(text.slice(counted, found.start));
      counted = found.start;
      leaks.set(at + found.start, leakOf(path, lineHere, found));
      if (leaks.size >= LEAKS_MAX) return [...leaks.values()];
    }
    line += linesIn(own);
  }
  return [...leaks.values()];
}

/** What the file held in the base; nothing where there was none, or one whose name git cannot be asked for in a line. */
async function baseText(depot: Depot, lane: Lane, path: string): Promise<string> {
  if (path.includes('\n')) return '';
  const [blob] = await readBlobs(depot, [`${lane.base}:${path}`]);
  return blob?.toString('latin1') ?? '';
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function leakOf(path: string, line: number | null, { label, kind }: Found): Leak {
  return { path, line, label, isNamed: kind === 'named' };
}
