import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isUserError } from '../../src/core/user-error.ts';
import { openReader } from '../../src/store/sqlite-reader.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { awaitQuiet, kill, processesOf } from '../fixtures/e2e/own-processes.ts';
import { root } from '../fixtures/repository-files.ts';
import { Disk } from './disk.ts';
import { formatFaults } from './fault.ts';
import type { Fault, Loss } from './fault.ts';
import { deliveryOf } from './hits.ts';
import { findLosses, readCheckout } from './losses.ts';
import { driveToEnd, operate } from './operator.ts';
import { makeScenario } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const WRITER = join(root, 'test/fixtures/processes/store-writer.ts');
const QUIET_MS = 10_000;
const RUNS_MAX = 6;
const PATIENCE_MS = 60_000;
const POLL_MS = 20;

/** Cuts the power under a process that writes to a store; how many writes it was told of, and how many are there. */
export async function cutUnderWriter(
  directory: string,
  writes: number,
  defects: readonly string[] = [],
): Promise<{ readonly acknowledged: number; readonly found: number }> {
  using disk = new Disk(directory, `store-${defects.join('-') || 'sound'}`);
  const store = join(disk.path, 'state.db');
  const writer = spawn(process.execPath, [WRITER, store], {
    env: { PATH: process.env['PATH'] ?? '', YARD_DEFECTS: defects.join(',') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(writer, 'exit');
  let acknowledged = 0;
  for await (const line of createInterface(writer.stdout)) {
    acknowledged = Number(line);
    if (acknowledged >= writes) break;
  }
  writer.kill('SIGSTOP');
  const photograph = disk.photograph();
  writer.kill('SIGKILL');
  await ended;
  disk.replaceBy(photograph);
  return { acknowledged, found: await lastEvent(store) };
}

export interface PowerCut {
  readonly losses: readonly Loss[];
  /** How many attempts the store had accepted, as the disk has it. */
  readonly accepted: number;
  /** The scenario had come to its end before the cut: nothing was learnt. */
  readonly late: boolean;
}

/** Some time after its start, or when a process stands still at a failpoint. */
export type Moment = { readonly afterMs: number } | { readonly at: Fault };

/** Cuts the power under a whole yard, and lets it come to its end. */
export async function cutUnderYard(directory: string, name: string, moment: Moment, tree: string): Promise<PowerCut> {
  using disk = new Disk(directory, name);
  const base = join(disk.path, 'base');
  mkdirSync(base);
  const scenario = makeScenario(base, 'small');
  const checkout = readCheckout(scenario);
  // What the operator has made is on the disk.
  await once(spawn('sync', ['--file-system', base], { stdio: 'ignore' }), 'exit');
  const run = operate(scenario, ['run'], 'at' in moment ? stopAt(scenario, moment.at) : {});
  const struck = 'at' in moment ? await delivered(scenario, moment.at) : await delay(moment.afterMs, true);
  const frozen = await freeze(scenario);
  const photograph = disk.photograph();
  const acknowledged = await lastEvent(join(scenario.state, 'state.db'));
  for (const pid of frozen) kill(pid);
  await run;
  // What one of them had just started: no power is no power for it, too.
  for (const pid of await processesOf(base)) kill(pid);
  if (!struck) throw new Error(`nothing came to the moment ${JSON.stringify(moment)}`);
  await awaitQuiet(base, QUIET_MS);
  disk.replaceBy(photograph);
  const found = await lastEvent(join(scenario.state, 'state.db'));
  const losses: Loss[] = [];
  if (found < acknowledged)
    losses.push({ promise: 'P1', what: `event ${acknowledged} was told, ${found} is the last` });
  const accepted = await acceptedHeads(scenario);
  for (const head of accepted)
    if (!isWhole(scenario, head)) losses.push({ promise: 'P1', what: `${head} was accepted, and is not whole` });
  // The power comes back with another boot: what was written before is not trusted by its times.
  if (!(await driveToEnd(scenario, { YARD_ANOTHER_BOOT: '-next' }, { runsMax: RUNS_MAX })))
    losses.push({ promise: 'P5', what: `not done after ${RUNS_MAX} runs` });
  await awaitQuiet(base, QUIET_MS);
  const later = await findLosses(scenario, { tree, checkout });
  // What an agent wrote without a sync of its own is nowhere yet.
  return {
    losses: [...losses, ...later.filter(({ promise }) => promise !== 'P7')],
    accepted: accepted.length,
    late: frozen.length === 0,
  };
}

function stopAt({ failpoints }: Scenario, fault: Fault): Record<string, string> {
  return { YARD_FAILPOINTS: formatFaults([{ ...fault, action: 'stop' }]), YARD_FAILPOINTS_DIR: failpoints };
}

/** False: it was not, in all that time. */
async function delivered(scenario: Scenario, fault: Fault): Promise<boolean> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (deliveryOf(scenario, fault) === null) {
    if (performance.now() > deadlineMs) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** The commits that the store, as the disk has it, says were accepted. */
async function acceptedHeads(scenario: Scenario): Promise<string[]> {
  const store = join(scenario.state, 'state.db');
  const reader = (await lastEvent(store)) === 0 ? null : openReader(store);
  if (reader === null) return [];
  try {
    const attempts = await Promise.all(scenario.tasks.map((id) => reader.attempts(id)));
    return attempts.flat().flatMap(({ outcome }) => (outcome?.kind === 'accepted' ? [outcome.head] : []));
  } finally {
    await reader.close();
  }
}

/** The depot has its history, and the content of each of its files. */
function isWhole({ state, home }: Scenario, commit: string): boolean {
  return [
    ['rev-list', '--objects', commit],
    ['archive', commit],
  ].every((words) => {
    const args = ['--git-dir', join(state, 'depot.git'), ...words];
    return spawnSync('git', args, { env: minimalEnvironment(home), stdio: 'ignore' }).status === 0;
  });
}

/** Stops all processes of the scenario; those that were started meanwhile as well. */
async function freeze({ base }: Scenario): Promise<number[]> {
  const frozen = new Set<number>();
  for (let before = -1; before !== frozen.size;) {
    before = frozen.size;
    for (const pid of await processesOf(base)) {
      if (frozen.has(pid)) continue;
      signal(pid, 'SIGSTOP');
      frozen.add(pid);
    }
  }
  return [...frozen];
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Number of the store's newest event; 0 while there is none, or none that can be read. */
async function lastEvent(store: string): Promise<number> {
  try {
    const reader = existsSync(store) ? openReader(store) : null;
    if (reader === null) return 0;
    try {
      return (await reader.events({ limit: 1, newest: true }))[0]?.seq ?? 0;
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (isUserError(error)) return 0;
    throw error;
  }
}
