import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import { awaitQuiet, isRunning, processesOf } from '../fixtures/e2e/own-processes.ts';
import { seededRandom } from '../fixtures/store/seeded-random.ts';
import type { Loss } from './fault.ts';
import { findLosses, readCheckout, readLandedTree } from './losses.ts';
import { NO_ACTS, attend, isDone, operate, standing } from './operator.ts';
import { makeScenario } from './scenario.ts';
import type { Scenario } from './scenario.ts';

/*
 * A backlog of many tasks, and somebody who ends processes at random moments: the scheduler, attempts, the train, gates,
 * agents, git. What a killed agent or gate comes to is decided as ever (it failed), so that a person may have to put a
 * task back; that is no loss.
 */

/** Which process of the yard it was. */
export type Role = 'scheduler' | 'attempt' | 'train' | 'agent' | 'gate' | 'git' | 'other';

export interface KillsResult {
  readonly killed: Readonly<Record<Role, number>>;
  readonly runs: number;
  readonly losses: readonly Loss[];
  /** The scenario, kept for a look at it; null when nothing was lost. */
  readonly kept: string | null;
}

export interface KillsOptions {
  readonly directory: string;
  /** Landed files of a quiet run of the same size. */
  readonly tree: string;
  readonly tasks: number;
  /** No more than so many. Fewer, where all has landed before. */
  readonly kills: number;
  readonly seed: number;
  /** No more kills after this, by `Date.now()`. */
  readonly untilMs: number;
}

const PAUSE_MAX_MS = 250;
const RUNS_MAX = 400;
const QUIET_MS = 10_000;

/** The landed files of a backlog of so many tasks. */
export async function quietBacklog(directory: string, tasks: number): Promise<string> {
  const scenario = makeScenario(mkdtempSync(join(directory, 'quiet-')), 'large', tasks);
  const { code, stderr } = await operate(scenario, ['run'], {});
  if (code !== 0) throw new Error(`an undisturbed run of ${tasks} tasks ends with ${code}: ${stderr}`);
  await awaitQuiet(scenario.base, QUIET_MS);
  const tree = readLandedTree(scenario);
  rmSync(scenario.base, { recursive: true });
  return tree;
}

/** One backlog, from its start to its end. */
export async function randomKills(options: KillsOptions): Promise<KillsResult> {
  mkdirSync(options.directory, { recursive: true });
  const scenario = makeScenario(mkdtempSync(join(options.directory, 'kills-')), 'large', options.tasks);
  const checkout = readCheckout(scenario);
  const killer = new Killer(scenario, options);
  const losses: Loss[] = [];
  const runs = await driveToEnd(scenario, killer);
  if (runs === null) losses.push({ promise: 'P5', what: `not done after ${RUNS_MAX} runs` });
  try {
    await awaitQuiet(scenario.base, QUIET_MS);
  } catch (error) {
    losses.push({ promise: 'P8', what: error instanceof Error ? error.message : String(error) });
  }
  losses.push(...(await findLosses(scenario, { tree: options.tree, checkout })));
  if (losses.length === 0) rmSync(scenario.base, { recursive: true });
  return { killed: killer.killed, runs: runs ?? RUNS_MAX, losses, kept: losses.length === 0 ? null : scenario.base };
}

/** How many runs it took; null: too many. */
async function driveToEnd(scenario: Scenario, killer: Killer): Promise<number | null> {
  for (let runs = 1; runs <= RUNS_MAX; runs += 1) {
    const stop = new AbortController();
    const killing = killer.work(stop.signal);
    const ended = await operate(scenario, ['run'], {});
    stop.abort();
    await killing;
    if (ended.code === 0 && isDone(scenario, await standing(scenario))) return runs;
    await attend(scenario, ended, {}, { ...NO_ACTS });
  }
  return null;
}

class Killer {
  readonly killed: Record<Role, number> = { scheduler: 0, attempt: 0, train: 0, agent: 0, gate: 0, git: 0, other: 0 };
  readonly #scenario: Scenario;
  readonly #options: KillsOptions;
  readonly #random: () => number;

  constructor(scenario: Scenario, options: KillsOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  get #total(): number {
    return Object.values(this.killed).reduce((sum, count) => sum + count, 0);
  }

  /** Kills one process after the other until the signal fires. */
  async work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#total < this.#options.kills && Date.now() < this.#options.untilMs) {
      await delay(this.#random() * PAUSE_MAX_MS);
      if (!signal.aborted) await this.#killOne();
    }
  }

  /** A role first, so that the many git processes do not hide the one scheduler. */
  async #killOne(): Promise<void> {
    const pids = await processesOf(this.#scenario.base);
    const roles = Map.groupBy(pids, roleOf);
    // One that is killed while it starts, again and again, gets nothing under way that could be killed.
    const role = this.#pick([...roles.keys(), 'nobody' as const, 'nobody' as const]);
    if (role === 'nobody') return;
    const pid = role === undefined ? undefined : this.#pick(roles.get(role) ?? []);
    if (role === undefined || pid === undefined) return;
    const identity = identityOf(pid);
    if (identity === null || !(await isRunning(pid)) || !isAlive(identity)) return;
    try {
      process.kill(pid, 'SIGKILL');
      this.killed[role] += 1;
    } catch (error) {
      // It ended by itself in between: no kill.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)];
  }
}

function roleOf(pid: number): Role {
  const line = commandLine(pid);
  if (/yard\.js\0run/.test(line)) return 'scheduler';
  if (/(?:yard|main)\.js\0attempt/.test(line)) return 'attempt';
  if (/(?:yard|main)\.js\0train/.test(line)) return 'train';
  if (line.includes('agent.sh')) return 'agent';
  if (line.includes('gate.sh')) return 'gate';
  return /^(?:\S*\/)?git\b/.test(line) ? 'git' : 'other';
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
