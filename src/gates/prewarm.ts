import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { PrewarmEntry } from '../config/schema.ts';
import { matches, parsePatterns } from '../core/scope.ts';
import { toText } from '../git/byte-path.ts';
import { inDepot } from '../git/depot.ts';
import { fillDirectory } from '../git/fill.ts';
import { listTree } from '../git/tree.ts';
import { systemClock } from '../process/clock.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { readFileBeneath, syncDirectory, syncFileSystem } from '../process/file.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { makeDirectories } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { runProcess } from '../process/run.ts';
import { GateLog, KEPT_BYTES } from './gate-log.ts';
import type { GateSetting } from './gate.ts';
import { isReachable, provide } from './provision.ts';
import { mkdir, rename, writeFile } from '../process/file-system.ts';

/*
 * What is installed once (`npm ci`) and copied into lanes and slots. Invariants:
 * 1. It is made in a directory of its own, filled from the depot, in which no agent and no gate has run.
 * 2. It appears under its key by rename, whole and on the disk; nobody writes to it afterwards, everybody gets a copy.
 *    What has no note of its own key (`prewarm.json`, written last) is half-made, and made again.
 * 3. One process makes a key at a time (a lease); the others wait for it.
 */

export type PrewarmResult =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly why: string; readonly logTail: string }
  /** The machine's fault. */
  | { readonly kind: 'infrastructure'; readonly why: string }
  | { readonly kind: 'cancelled' };

const POLL_MS = 100;
const NOTE = 'prewarm.json';
const NOTE_BYTES_MAX = 1024 * 1024;

/** What decides the result of each entry for this tree: command, lock files, toolchain. */
export async function prewarmKeys(setting: GateSetting, tree: string): Promise<string[]> {
  if (setting.prewarm.length === 0) return [];
  const entries = await listTree(inDepot(setting.depot), tree);
  const { kind, image } = setting.prewarmCell;
  return setting.prewarm.map(({ run, key, outputs }) => {
    const patterns = parsePatterns(key);
    const locks = entries
      .map(({ path, oid }) => ({ path: toText(path), oid }))
      .filter(({ path }) => patterns.some((pattern) => matches(pattern, path)));
    const machine = { platform: process.platform, arch: process.arch, path: process.env['PATH'] };
    const material = { run, outputs, locks, ...machine, ...(kind === 'container' ? { image } : {}) };
    return createHash('sha256').update(JSON.stringify(material)).digest('hex').slice(0, 32);
  });
}

export interface PrewarmRequest {
  readonly tree: string;
  /** A lane or a slot. Nothing may run in it. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Whom the copies, and directories made for them, are to belong to; null, or none: us. */
  readonly owner?: Owner | null;
}

/** Makes what is not there yet for this tree, then copies every output into the directory. */
export async function prewarmInto(setting: GateSetting, options: PrewarmRequest): Promise<PrewarmResult> {
  const { tree, directory, signal, owner = null } = options;
  const keys = await prewarmKeys(setting, tree);
  for (const [index, key] of keys.entries()) {
    const entry = setting.prewarm[index];
    if (entry === undefined) continue;
    const home = join(setting.stateDirectory, 'prewarm', key);
    const made = await ensure(setting, entry, { key, home, tree, signal });
    if (made.kind !== 'ready') return made;
    for (const output of entry.outputs) {
      await copyOutput({ from: join(home, output), into: directory, output, timeoutMs: entry.timeoutMs, owner });
    }
  }
  return { kind: 'ready' };
}

interface Making {
  readonly key: string;
  readonly home: string;
  readonly tree: string;
  readonly signal: AbortSignal;
}

async function ensure(setting: GateSetting, entry: PrewarmEntry, making: Making): Promise<PrewarmResult> {
  while (!(await isMade(making))) {
    if (making.signal.aborted) return { kind: 'cancelled' };
    const lease = await setting.store.acquire(
      `prewarm:${making.key}`,
      ownIdentity(),
      systemClock.monotonicMs() + entry.timeoutMs,
      (held) => held.owner === null || !isAlive(held.owner),
    );
    if (lease.kind === 'held') {
      await delay(POLL_MS);
      continue;
    }
    try {
      if (!(await isMade(making))) return await make(setting, entry, making);
    } finally {
      await setting.store.release(lease.fence);
    }
  }
  return { kind: 'ready' };
}

/** What a power cut, or a person, has left of it is no output to test anything with. */
async function isMade({ key, home }: Making): Promise<boolean> {
  const note = await readFileBeneath(dirname(home), `${key}/${NOTE}`, { maxBytes: NOTE_BYTES_MAX });
  return note.kind === 'ok' && note.data.toString('utf8').startsWith(`{"key":"${key}",`) && note.data.at(-1) === 10;
}

async function make(
  setting: GateSetting,
  entry: PrewarmEntry,
  { key, home, tree, signal }: Making,
): Promise<PrewarmResult> {
  const half = `${home}.making`;
  const marker = `${setting.stateDirectory}:prewarm:${key}`;
  // We hold the lease: whoever still works there was started by a process that died.
  const left = existsSync(half) ? await setting.cells.end(marker) : [];
  if (left.length > 0) return stillRuns(left);
  await removeTree(half);
  const maker = setting.cells.sandboxFor(setting.prewarmCell).owner;
  await mkdir(join(half, 'out'), { recursive: true });
  await mkdir(join(half, 'tmp'));
  const directory = join(half, 'tree');
  await fillDirectory({ depot: setting.depot, directory, indexFile: join(half, 'index'), tree, owner: maker });
  await provide(setting.provision, setting.repositoryRoot, directory, maker);
  const log = new GateLog(join(half, 'out', 'prewarm.log'), setting.redactor);
  const run = setting.cells.enter(setting.prewarmCell, {
    directory,
    scratch: join(half, 'tmp'),
    egressLog: join(half, 'out', 'prewarm.log.network'),
  });
  const result = await run(
    { argv: ['/bin/sh', '-c', entry.run], env: allowedEnvironment(entry.environment.allow, {}) },
    {
      timeoutMs: entry.timeoutMs,
      killGraceMs: setting.killGraceMs,
      marker,
      signal,
      // The log has it all.
      maxOutputBytes: KEPT_BYTES,
      onOutput: (chunk) => log.push(chunk),
    },
  );
  log.close();
  if (result.survivors.length > 0) return stillRuns(result.survivors);
  if (result.kind === 'cancelled') return { kind: 'cancelled' };
  const failed = (how: string): PrewarmResult => {
    return { kind: 'failed', why: `the prewarm command ${JSON.stringify(entry.run)} ${how}`, logTail: log.tail() };
  };
  if (result.breach !== null) return failed(result.breach);
  if (result.kind === 'spawn-failed') return { kind: 'infrastructure', why: result.message };
  if (result.kind !== 'exited' || result.code !== 0) {
    const limit = `did not end within ${Math.round(entry.timeoutMs / 1000)} s, its time limit`;
    const ended = result.kind === 'timed-out' ? limit : result.kind;
    return failed(result.kind === 'exited' ? `exited with ${result.code}` : ended);
  }
  for (const output of entry.outputs) {
    if (!existsSync(join(directory, output))) continue;
    await mkdir(dirname(join(half, 'out', output)), { recursive: true });
    await rename(join(directory, output), join(half, 'out', output));
  }
  await writeFile(join(half, 'out', NOTE), `${JSON.stringify({ key, run: entry.run, tree })}\n`);
  await syncFileSystem(half);
  await removeTree(home);
  await rename(join(half, 'out'), home);
  await syncDirectory(dirname(home));
  await removeTree(half);
  return { kind: 'ready' };
}

function stillRuns(pids: readonly number[]): PrewarmResult {
  return { kind: 'infrastructure', why: `processes of a prewarm could not be ended: ${pids.join(', ')}` };
}

interface Copying {
  readonly from: string;
  /** Of a lane or slot. */
  readonly into: string;
  /** Relative path of the copy. */
  readonly output: string;
  readonly timeoutMs: number;
  readonly owner: Owner | null;
}

/** A full copy: a hard link would let one lane write into another's files. */
async function copyOutput({ from, into, output, timeoutMs, owner }: Copying): Promise<void> {
  const to = join(into, output);
  if (!existsSync(from) || !(await isReachable(into, output))) return;
  // An agent may have put a link in its place; what is there already in a lane that goes on is its own.
  if (await standsAt(to)) return;
  makeDirectories(into, dirname(output), owner);
  const flags = process.platform === 'linux' ? ['-a', '--no-preserve=ownership', '--reflink=auto', '-T'] : ['-Rp'];
  const result = await runProcess('cp', [...flags, '--', from, to], {
    cwd: dirname(to),
    env: allowedEnvironment([], {}),
    timeoutMs,
    session: false,
    owner,
  });
  if (result.kind !== 'exited' || result.code !== 0) {
    throw new Error(`${from} could not be copied to ${to}: ${result.stderr.toString('utf8').trim()}`);
  }
}

async function standsAt(path: string): Promise<boolean> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  return stat !== null;
}
