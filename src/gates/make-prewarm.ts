import { existsSync, lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { PrewarmEntry } from '../config/schema.ts';
import { fillDirectory } from '../git/fill.ts';
import { partialTree } from '../git/partial-tree.ts';
import type { TreeEntry } from '../git/tree.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { copyFile, mkdir, rename, rm, writeFile } from '../process/file-system.ts';
import { readFileBeneath, syncDirectory, syncFileSystem } from '../process/file.ts';
import { removeTree } from '../process/removal.ts';
import type { CellResult } from '../sandbox/run-in-cell.ts';
import { GateLog, KEPT_BYTES } from './gate-log.ts';
import type { GateSetting } from './gate.ts';
import { isReachable, provide } from './provision.ts';
import { freeze } from './freeze.ts';

/*
 * How what lanes and slots share is made. Invariants:
 * 1. It is made in a directory of its own, in which no agent and no gate has run, and which holds the files that its key
 *    is made of and no others. So no file of a task's tree has a say in it that another tree with this key has not.
 * 2. It appears under its key by rename, whole and on the disk; nobody writes to it afterwards.
 *    What has no note of its own key (`prewarm.json`, written last) is half-made, and made again.
 */

export interface Made {
  readonly kind: 'made';
  /** As {@link freeze} makes it. */
  readonly frozen: boolean;
}

export type NotMade =
  | { readonly kind: 'failed'; readonly why: string; readonly logTail: string }
  /** The machine's fault. */
  | { readonly kind: 'infrastructure'; readonly why: string }
  | { readonly kind: 'cancelled' };

type Failure = Extract<NotMade, { kind: 'failed' }>;

export interface Making {
  readonly key: string;
  /** What the key is made of, of the tree: all that the command sees of it. */
  readonly files: readonly TreeEntry[];
  /** Where it comes to stand. */
  readonly home: string;
  /** Where the whole log of a failure is kept. */
  readonly failureLog: string;
  readonly signal: AbortSignal;
  /** Whether its files are those of the target: then what it runs was landed, and may have the entry's secrets. */
  readonly isLanded: boolean;
}

const NOTE = 'prewarm.json';
const LOG = 'prewarm.log';
const NOTE_BYTES_MAX = 1024 * 1024;

interface Note extends Record<string, unknown> {
  readonly key: string;
  readonly frozen: boolean;
}

/** What stands there. Null: what a power cut, or a person, has left of it is no output to test anything with. */
export async function readMade({ key, home }: Making): Promise<Made | null> {
  const note = await readFileBeneath(dirname(home), `${key}/${NOTE}`, { maxBytes: NOTE_BYTES_MAX });
  if (note.kind !== 'ok') return null;
  const text = note.data.toString('utf8');
  if (!text.startsWith(`{"key":"${key}",`) || !text.endsWith('}\n')) return null;
  return { kind: 'made', frozen: (JSON.parse(text) as Note).frozen };
}

/** Runs the command. The caller holds the lease of the key. */
export async function makePrewarm(setting: GateSetting, entry: PrewarmEntry, making: Making): Promise<Made | NotMade> {
  const { key, home, files } = making;
  const half = `${home}.making`;
  const marker = `${setting.stateDirectory}:prewarm:${key}`;
  // We hold the lease: whoever still works there was started by a process that died.
  const left = existsSync(half) ? await setting.cells.end(marker) : [];
  if (left.length > 0) return stillRuns(left);
  await removeTree(half);
  const { owner, sharing } = setting.cells.sandboxFor(setting.prewarmCell);
  await mkdir(join(half, 'out'), { recursive: true });
  const [directory, out] = [join(half, 'tree'), join(half, 'out')];
  const tree = await partialTree(setting.depot, files, join(half, 'files'));
  await fillDirectory({ depot: setting.depot, directory, indexFile: join(half, 'index'), tree, owner });
  await provide(setting.provision, setting.repositoryRoot, directory, owner);
  const log = new GateLog(join(out, LOG), setting.redactor);
  const result = await runCommand(setting, entry, {
    half,
    directory,
    marker,
    signal: making.signal,
    log,
    isLanded: making.isLanded,
  });
  log.close();
  const failure = failureOf(entry, result, log);
  if (failure !== null) return failure.kind === 'failed' ? keepLog(out, making.failureLog, failure) : failure;
  let frozen = owner !== null && sharing === 'links';
  for (const output of entry.outputs) {
    const path = join(directory, output);
    // Behind a link of its own making there could be anything of ours.
    if (!(await isReachable(directory, output)) || lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    await mkdir(dirname(join(out, output)), { recursive: true });
    await rename(path, join(out, output));
    frozen = frozen && freeze(join(out, output));
  }
  const note: Note = { key, frozen, run: entry.run, tree };
  await writeFile(join(out, NOTE), `${JSON.stringify(note)}\n`);
  await syncFileSystem(half);
  await removeTree(home);
  await rename(out, home);
  await syncDirectory(dirname(home));
  await removeTree(half);
  return { kind: 'made', frozen };
}

interface Place {
  readonly half: string;
  readonly directory: string;
  readonly marker: string;
  readonly signal: AbortSignal;
  readonly log: GateLog;
  readonly isLanded: boolean;
}

async function runCommand(setting: GateSetting, entry: PrewarmEntry, place: Place): Promise<CellResult> {
  const { half, directory, marker, signal, log, isLanded } = place;
  const scratch = join(half, 'tmp');
  await mkdir(scratch);
  const egressLog = join(half, 'out', `${LOG}.network`);
  const run = setting.cells.enter(setting.prewarmCell, { directory, scratch, egressLog });
  return run(
    { argv: ['/bin/sh', '-c', entry.run], env: environmentOf(entry, isLanded) },
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
}

/** A task's own lock file or install script is an agent's: with the secrets it could send them anywhere. */
function environmentOf({ environment, secrets }: PrewarmEntry, isLanded: boolean): Record<string, string> {
  if (isLanded) return allowedEnvironment(environment.allow, {});
  const without = environment.allow.filter((name) => !secrets.includes(name));
  return allowedEnvironment([...without, ...secrets.map((name) => `!${name}`)], {});
}

function failureOf({ run, key, timeoutMs }: PrewarmEntry, result: CellResult, log: GateLog): NotMade | null {
  if (result.survivors.length > 0) return stillRuns(result.survivors);
  if (result.kind === 'cancelled') return { kind: 'cancelled' };
  if (result.kind === 'spawn-failed') return { kind: 'infrastructure', why: result.message };
  if (result.breach === null && result.kind === 'exited' && result.code === 0) return null;
  const limit = `did not end within ${Math.round(timeoutMs / 1000)} s, its time limit`;
  const ended = result.kind === 'timed-out' ? limit : result.kind;
  const how = result.breach ?? (result.kind === 'exited' ? `exited with ${result.code}` : ended);
  const why = `the prewarm command ${JSON.stringify(run)}, which sees of the tree only ${key.join(', ')}, ${how}`;
  return { kind: 'failed', why, logTail: log.tail() };
}

/** The next to make it begins anew: what this one said would be gone. */
async function keepLog(out: string, to: string, failure: Failure): Promise<NotMade> {
  for (const name of await readdir(out)) {
    if (!name.startsWith(LOG)) continue;
    const kept = to + name.slice(LOG.length);
    // An agent without a sandbox may have put a link there.
    await rm(kept, { recursive: true, force: true });
    await copyFile(join(out, name), kept);
  }
  return { ...failure, why: `${failure.why}; its whole log is ${to}` };
}

function stillRuns(pids: readonly number[]): NotMade {
  return { kind: 'infrastructure', why: `processes of a prewarm could not be ended: ${pids.join(', ')}` };
}
