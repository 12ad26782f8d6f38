import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ran } from '../fixtures/e2e/command.ts';
import { runGit } from '../fixtures/e2e/git.ts';
import { awaitQuiet, kill, processesOf } from '../fixtures/e2e/own-processes.ts';
import { formatCase, formatFaults } from './fault.ts';
import type { Fault, FaultCase, Loss } from './fault.ts';
import { countHits, deliveryOf, mend, readHits } from './hits.ts';
import type { Hit } from './hits.ts';
import { findLosses, readCheckout, readLandedTree } from './losses.ts';
import { NO_ACTS, attend, isDone, operate, standing } from './operator.ts';
import type { Acts } from './operator.ts';
import { TARGET, makeScenario } from './scenario.ts';
import type { Scenario, ScenarioKind } from './scenario.ts';
import { Usurpation } from './usurpation.ts';

export interface CaseOptions {
  /** Scenarios are made below it. */
  readonly directory: string;
  /** The landed files of a quiet run. */
  readonly tree: string;
  /** Deliberate defects to switch on. */
  readonly defects?: readonly string[];
  /** How long one run may take before it counts as stuck. */
  readonly patienceMs?: number;
  /** How long the last processes may take to end. */
  readonly quietMs?: number;
}

export interface CaseResult {
  /** What repeats it. */
  readonly name: string;
  readonly losses: readonly Loss[];
  /** The faults that were set off. */
  readonly delivered: readonly Fault[];
  readonly takeovers: number;
  readonly rivals: number;
  readonly acts: Acts;
  /** How often each failpoint was hit. */
  readonly hits: ReadonlyMap<string, number>;
  /** The scenario, kept for a look at it; null when nothing was lost. */
  readonly kept: string | null;
}

const PATIENCE_MS = 90_000;
const QUIET_MS = 10_000;
const POLL_MS = 50;
/** How long a lasting fault lasts. */
const LASTS_MS = 2_000;
/** EXIT.bug: a stack was printed. */
const INTERNAL_ERROR = 70;

export interface QuietRun {
  readonly tree: string;
  readonly hits: ReadonlyMap<string, number>;
  /** Each single one. */
  readonly trace: readonly Hit[];
}

/** The landed files of a run that nothing disturbs, and how often it comes by each failpoint. */
export async function quietRun(directory: string, scenario: ScenarioKind): Promise<QuietRun> {
  const made = makeScenario(mkdtempSync(join(directory, 'quiet-')), scenario);
  const run = new Run(made, { scenario: 'small', faults: [], disturbances: [] }, { directory, tree: '' });
  if (!(await run.converge())) throw new Error(`an undisturbed run does not come to its end; see ${made.base}`);
  const tree = readLandedTree(made);
  const losses = await run.judge(tree);
  if (losses.length > 0) throw new Error(`an undisturbed run loses: ${describeLosses(losses)}; see ${made.base}`);
  const quiet = { tree, hits: countHits(made), trace: readHits(made) };
  rmSync(made.base, { recursive: true });
  return quiet;
}

/** Runs one case from an empty directory to its end, and judges what came of it. */
export async function runCase(fault: FaultCase, options: CaseOptions): Promise<CaseResult> {
  mkdirSync(options.directory, { recursive: true });
  const scenario = makeScenario(mkdtempSync(join(options.directory, 'case-')), fault.scenario);
  const run = new Run(scenario, fault, options);
  await run.converge();
  const losses = await run.judge(options.tree);
  const result: CaseResult = {
    name: formatCase(fault),
    losses,
    delivered: fault.faults.filter((each) => deliveryOf(scenario, each) !== null),
    takeovers: run.takeovers,
    rivals: run.rivals,
    acts: run.acts,
    hits: countHits(scenario),
    kept: losses.length === 0 ? null : scenario.base,
  };
  if (losses.length === 0) rmSync(scenario.base, { recursive: true });
  return result;
}

export function describeLosses(losses: readonly Loss[]): string {
  return losses.map(({ promise, what }) => `${promise}: ${what}`).join('; ');
}

class Run {
  readonly acts: Acts = { ...NO_ACTS };
  rivals = 0;
  readonly #scenario: Scenario;
  readonly #case: FaultCase;
  readonly #options: CaseOptions;
  readonly #checkout: string;
  readonly #usurpation: Usurpation;
  readonly #losses: Loss[] = [];

  constructor(scenario: Scenario, fault: FaultCase, options: CaseOptions) {
    this.#scenario = scenario;
    this.#case = fault;
    this.#options = options;
    this.#checkout = readCheckout(scenario);
    this.#usurpation = new Usurpation(scenario, fault, this.#environment());
  }

  get takeovers(): number {
    return this.#usurpation.takeovers;
  }

  /** Starts the yard again until all is done, as a person would, but no more often than the faults explain. */
  async converge(): Promise<boolean> {
    const over = new AbortController();
    const beside = [this.#usurpation.watch(over.signal), this.#mend(over.signal)];
    try {
      return await this.#rounds();
    } finally {
      over.abort();
      await Promise.all(beside);
    }
  }

  async #rounds(): Promise<boolean> {
    const { faults, disturbances } = this.#case;
    // Each question and each approval ends a run as well.
    const roundsMax = 7 + 2 * faults.length;
    for (let round = 1; round <= roundsMax; round += 1) {
      const ended = await this.#round(round === 1 && disturbances.includes('rival'));
      if (ended === null) return this.#lose(`yard run did not end (round ${round})`);
      if (round === 1 && disturbances.includes('target-moves')) this.#moveTarget();
      this.#judgeEnd(ended);
      if (ended.code === 0 && isDone(this.#scenario, await standing(this.#scenario))) return true;
      await attend(this.#scenario, ended, this.#environment(), this.acts);
    }
    return this.#lose(`not done after ${roundsMax} runs`);
  }

  /** What is lost, when all of the scenario's processes have ended. */
  async judge(tree: string): Promise<Loss[]> {
    this.#losses.push(...this.#usurpation.losses());
    try {
      await awaitQuiet(this.#scenario.base, this.#options.quietMs ?? QUIET_MS);
    } catch (error) {
      this.#losses.push({ promise: 'P8', what: error instanceof Error ? error.message : String(error) });
      await awaitQuiet(this.#scenario.base, QUIET_MS);
    }
    const persists = this.#case.faults.some(({ hit }) => hit === 0);
    const { stop, resume, retry } = this.acts;
    if (!persists && resume - stop + retry > 0) this.#lose(`needed a person: ${JSON.stringify(this.acts)}`);
    return [...this.#losses, ...(await findLosses(this.#scenario, { tree, checkout: this.#checkout }))];
  }

  #lose(what: string): false {
    this.#losses.push({ promise: 'P5', what });
    return false;
  }

  #environment(): Record<string, string> {
    return {
      YARD_FAILPOINTS_DIR: this.#scenario.failpoints,
      YARD_FAILPOINTS: formatFaults(this.#case.faults),
      YARD_DEFECTS: this.#options.defects?.join(',') ?? '',
    };
  }

  /** One run, with whatever goes on beside it; null when it did not end in time. */
  async #round(withRival: boolean): Promise<Ran | null> {
    const env = { ...this.#environment(), ...this.#usurpation.clock() };
    const runs = [operate(this.#scenario, ['run'], env)];
    if (withRival) {
      this.rivals += 1;
      runs.push(operate(this.#scenario, ['run'], env));
    }
    const timer = new AbortController();
    const patienceMs = this.#options.patienceMs ?? PATIENCE_MS;
    const late = delay(patienceMs, null, { signal: timer.signal }).catch(() => null);
    const ended = await Promise.race([Promise.all(runs), late]);
    timer.abort();
    if (ended !== null) return ended.find(({ code }) => code !== 0) ?? ended[0] ?? null;
    for (const pid of await processesOf(this.#scenario.base)) kill(pid);
    await Promise.all(runs);
    return null;
  }

  /** What persists is mended some time after it has struck. */
  async #mend(signal: AbortSignal): Promise<void> {
    const lasting = this.#case.faults.filter(({ hit }) => hit === 0);
    while (lasting.length > 0 && !signal.aborted) {
      await delay(POLL_MS);
      if (lasting.every((fault) => deliveryOf(this.#scenario, fault) === null)) continue;
      await delay(LASTS_MS);
      return mend(this.#scenario);
    }
  }

  /** A process that was killed explains any end; a bug's stack is explained by an error alone. */
  #judgeEnd({ code, stderr }: Ran): void {
    const mayThrow = this.#case.faults.some(({ action }) => action === 'error' || action === 'enospc');
    if (code === INTERNAL_ERROR && !mayThrow) this.#lose(`internal error: ${stderr.slice(-2_000)}`);
  }

  #moveTarget(): void {
    const { root, home } = this.#scenario;
    const git = (args: readonly string[], input?: string): string => runGit(root, home, args, input);
    const ref = `refs/heads/${TARGET}`;
    const head = git(['for-each-ref', '--format=%(objectname)', ref]);
    if (head === '') return;
    const blob = git(['hash-object', '-w', '--stdin'], 'a person was here\n');
    const human = git(['mktree'], `100644 blob ${blob}\tnote\n`);
    const tree = git(['mktree'], `${git(['ls-tree', head])}\n040000 tree ${human}\thuman\n`);
    const commit = git(['commit-tree', tree, '-p', head, '-m', 'Human']);
    git(['update-ref', ref, commit, head]);
  }
}
