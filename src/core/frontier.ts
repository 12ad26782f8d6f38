import { AgentPools } from './agent-pools.ts';
import type { AgentChoice } from './agent-pools.ts';
import { cyclesThrough } from './graph.ts';
import type { PauseSubject } from './pause.ts';
import { isForPerson } from './pool.ts';
import { isPlainPath, parsePattern, parsePatterns } from './scope.ts';
import type { Pattern } from './scope.ts';
import { ScopeIndex } from './scope-index.ts';
import { sharedRefusals } from './shared-budget.ts';
import type { DependencyState, Snapshot, TaskView } from './snapshot.ts';
import type { TaskStatus } from './task-state.ts';
import type { Waiting } from './waiting.ts';

/** Running, or accepted and not landed yet: on the train or in a review. */
const HOLDS_ITS_SCOPE: ReadonlySet<TaskStatus> = new Set(['running', 'accepted', 'landing', 'in-review']);

/** How far a clock may be out of step with that of a moment ago before it counts as set. */
const CLOCK_SLACK_MS = 60_000;

/**
 * The state of the yard while tasks are chosen one after the other. `refusals` is the one predicate of the scheduler:
 * `plan` takes its first value, `yard why` prints all of them.
 */
export class Frontier {
  readonly #snapshot: Snapshot;
  readonly #nowMs: number;
  readonly #held = new ScopeIndex();
  readonly #states = new Map<string, DependencyState>();
  /** Found when first asked for: a yard that is full asks nothing. */
  #cycles: ReadonlyMap<string, readonly string[]> | null = null;
  readonly #accepted: number;
  readonly #runningInArea = new Map<string, number>();
  #running: number;
  #started = 0;
  /** Newest attempts whose processes are not proved dead yet, by task. */
  readonly #ending: ReadonlyMap<string, number>;
  /** What holds back every task alike, in this snapshot. */
  readonly #ofYard: readonly Waiting[];
  readonly #pools: AgentPools;
  /** What the pools say to each list of agents, as long as nothing starts: most tasks have the same list. */
  readonly #choices = new Map<readonly AgentChoice[], Choice>();
  #ofSlots: Waiting | null | undefined = undefined;
  readonly #ofBudgets: readonly Waiting[];

  constructor(snapshot: Snapshot, nowMs: number) {
    this.#snapshot = snapshot;
    this.#nowMs = nowMs;
    let running = 0;
    let accepted = 0;
    for (const task of snapshot.tasks) {
      const { status } = task.state;
      this.#states.set(task.id, status);
      if (status === 'running') {
        running += 1;
        this.#countArea(task);
      }
      if (status === 'accepted' || status === 'landing') accepted += 1;
      if (HOLDS_ITS_SCOPE.has(status)) this.#hold(task);
    }
    this.#running = running;
    this.#accepted = accepted;
    this.#ending = new Map(
      snapshot.kills.flatMap(({ subject }) => (subject.of === 'attempt' ? [[subject.taskId, subject.attempt]] : [])),
    );
    this.#pools = new AgentPools(snapshot.pools, snapshot.atWork, nowMs);
    this.#ofBudgets = sharedRefusals(snapshot.budgets, nowMs).map((refusal) => ({ reason: 'budget', ...refusal }));
    this.#ofYard = this.#yardRefusals();
  }

  /** Counts the task as started: it holds its paths and a slot from now on. */
  start(task: TaskView): void {
    this.#running += 1;
    this.#started += 1;
    this.#ofSlots = undefined;
    this.#countArea(task);
    this.#hold(task);
    const { agent } = this.choose(task);
    if (agent === null || isAtGate(task)) return;
    this.#pools.start(agent);
    this.#choices.clear();
  }

  /** The first of its agents that may start now, or why none may. What goes on at its gate needs none. */
  choose({ agents }: TaskView): Choice {
    const known = this.#choices.get(agents);
    if (known !== undefined) return known;
    const choice = this.#choose(agents);
    this.#choices.set(agents, choice);
    return choice;
  }

  /** Nothing more can start in this cycle, whatever the task. */
  get full(): boolean {
    const { limits } = this.#snapshot;
    return this.#running >= limits.concurrent || this.#started >= limits.dispatchPerCycle;
  }

  /** What holds back every task alike. */
  get ofYard(): readonly Waiting[] {
    return this.#ofYard;
  }

  /** Why this ready task may not start now, in the order in which a person would want to know. None: it may. */
  *refusals(task: TaskView): Iterable<Waiting> {
    for (const problem of task.problems) yield { reason: 'problem', problem };
    this.#cycles ??= cyclesThrough(this.#snapshot.tasks.filter(({ after }) => after.length > 0));
    const cycle = this.#cycles.get(task.id);
    if (cycle !== undefined) yield { reason: 'cycle', ids: cycle };
    for (const id of task.after) {
      const state = this.#states.get(id) ?? this.#snapshot.dependencies.get(id) ?? 'missing';
      if (state === 'landed') continue;
      const successor = this.#snapshot.successors.get(id);
      yield { reason: 'dependency', id, state, ...(successor === undefined ? {} : { successor }) };
    }
    const putOff = this.#timeRefusal(task);
    if (putOff !== null) yield putOff;
    const ending = this.#ending.get(task.id);
    if (ending !== undefined) yield { reason: 'ending', attempt: ending };
    for (const refusal of this.#ofYard) yield refusal;
    if (this.#snapshot.pauses.length > 0) yield* pausesOf(this.#snapshot, (subject) => isOver(subject, task));
    const choice = this.choose(task);
    if (choice.agent === null && !isAtGate(task)) yield* choice.paused;
    for (const refusal of this.#scopeRefusals(task)) yield refusal;
    const crowded = this.#areaRefusal(task);
    if (crowded !== null) yield crowded;
    if (choice.agent === null && !isAtGate(task)) yield* choice.refusals;
    if (!isAtGate(task)) {
      for (const refusal of this.#ofBudgets) yield refusal;
    }
    const full = this.#slotRefusal();
    if (full !== null) yield full;
  }

  #choose(agents: readonly AgentChoice[]): Choice {
    const paused: Waiting[] = [];
    const refusals: (Waiting & { reason: 'pool' })[] = [];
    for (const agent of agents) {
      const { spec, name, pool } = agent;
      const pauses = pausesOf(this.#snapshot, (subject) => subject.of === 'agent' && subject.name === name);
      const refusal = this.#pools.refusal(agent);
      if (pauses.length === 0 && refusal === null) return { agent, paused: NONE, refusals: NO_POOLS, lasts: false };
      paused.push(...pauses);
      if (refusal !== null && pool !== null) refusals.push({ reason: 'pool', pool, agent: spec, refusal });
    }
    const lasts = refusals.length === agents.length && refusals.every(({ refusal }) => isForPerson(refusal));
    return { agent: null, paused, refusals, lasts };
  }

  #timeRefusal({ state, updatedMs }: TaskView): Waiting | null {
    if (state.status !== 'ready' || state.notBeforeMs === null) return null;
    // The clock has been set back since: what was said by it then means nothing any more.
    if (updatedMs > this.#nowMs + CLOCK_SLACK_MS) return null;
    const remainingMs = state.notBeforeMs - this.#nowMs;
    return remainingMs > 0 ? { reason: 'not-before', notBeforeMs: state.notBeforeMs, remainingMs } : null;
  }

  #yardRefusals(): Waiting[] {
    const { stopped, failuresInARow, limits, disk } = this.#snapshot;
    const refusals: Waiting[] = [];
    if (stopped !== null) refusals.push({ reason: 'stopped', by: stopped.by, why: stopped.why });
    refusals.push(...pausesOf(this.#snapshot, (subject) => subject.of === 'all'));
    if (failuresInARow >= limits.consecutiveFailures) {
      refusals.push({ reason: 'failures', inARow: failuresInARow, limit: limits.consecutiveFailures });
    }
    if (disk.starting !== null) refusals.push({ reason: 'disk', ...disk.starting });
    if (this.#accepted >= limits.backlog) {
      refusals.push({ reason: 'backlog', accepted: this.#accepted, limit: limits.backlog });
    }
    return refusals;
  }

  #scopeRefusals(task: TaskView): readonly Waiting[] {
    const near = task.owns.filter((text) => !(isPlainPath(text) && this.#held.isFarFrom(text)));
    if (near.length === 0) return NONE;
    const { patterns, problems } = readScope(near);
    const refusals: Waiting[] = problems.map((problem) => ({ reason: 'problem', problem }));
    const met = this.#held.firstOverlap(patterns);
    if (met !== null) refusals.push({ reason: 'scope', ...met });
    return refusals;
  }

  #areaRefusal({ area }: TaskView): Waiting | null {
    const limit = area === null ? undefined : this.#snapshot.limits.areas[area];
    if (area === null || limit === undefined) return null;
    const running = this.#runningInArea.get(area) ?? 0;
    return running >= limit ? { reason: 'area', area, running, limit } : null;
  }

  /** One object for all tasks that it holds back, as long as nothing starts. */
  #slotRefusal(): Waiting | null {
    if (this.#ofSlots !== undefined) return this.#ofSlots;
    const { concurrent, dispatchPerCycle } = this.#snapshot.limits;
    this.#ofSlots = null;
    if (this.#running >= concurrent) this.#ofSlots = { reason: 'slots', running: this.#running, limit: concurrent };
    else if (this.#started >= dispatchPerCycle) {
      this.#ofSlots = { reason: 'cycle-limit', started: this.#started, limit: dispatchPerCycle };
    }
    return this.#ofSlots;
  }

  #countArea({ area }: TaskView): void {
    if (area !== null) this.#runningInArea.set(area, (this.#runningInArea.get(area) ?? 0) + 1);
  }

  #hold(task: TaskView): void {
    const { patterns, problems } = readScope(task.owns);
    this.#held.add(task.id, problems.length > 0 ? EVERYTHING : patterns);
  }
}

/** The pauses of these subjects, as reasons. */
export function pausesOf({ pauses }: Snapshot, isMeant: (subject: PauseSubject) => boolean): Waiting[] {
  return pauses
    .filter(({ subject }) => isMeant(subject))
    .map(({ subject, by, why }) => ({ reason: 'paused', subject, by, why }));
}

function isOver(subject: PauseSubject, { area }: TaskView): boolean {
  return subject.of === 'area' && subject.name === area;
}

/** It goes on with a commit that was made: no agent starts. */
export function isAtGate({ state }: TaskView): boolean {
  return state.status === 'ready' && state.entry.phase === 'gating';
}

/** Who of a task's agents may start. */
export interface Choice {
  /** Null: none of them. */
  readonly agent: AgentChoice | null;
  /** Pauses of its agents. */
  readonly paused: readonly Waiting[];
  readonly refusals: readonly (Waiting & { reason: 'pool' })[];
  /** Nothing but a person can change it. */
  readonly lasts: boolean;
}

const NO_POOLS: Choice['refusals'] = [];
const NONE: readonly Waiting[] = [];
const EVERYTHING = parsePatterns(['**']);

/** One task with a pattern that cannot be read must not stop the yard: it does not start, and holds everything. */
function readScope(owns: readonly string[]): { patterns: Pattern[]; problems: string[] } {
  const patterns: Pattern[] = [];
  const problems: string[] = [];
  for (const text of owns) {
    const result = parsePattern(text);
    if (result.kind === 'ok') patterns.push(result.pattern);
    else problems.push(`the pattern ${JSON.stringify(text)} in owns ${result.why}`);
  }
  return { patterns, problems };
}

/** Higher priority first, then by id, numbers as numbers. */
export function dispatchOrder(a: Pick<TaskView, 'id' | 'priority'>, b: Pick<TaskView, 'id' | 'priority'>): number {
  return b.priority - a.priority || compareIds(a.id, b.id);
}

/** `TASK-9` before `TASK-10`. */
export function compareIds(a: string, b: string): number {
  // By far the most: prefix and number of the same length compare as texts do.
  if (a.length === b.length && a.lastIndexOf('-') === b.lastIndexOf('-')) return compareText(a, b);
  const [left, right] = [splitId(a), splitId(b)];
  // `A-1` and `A-01` are two tasks: without the last comparison their order would be that of the rows.
  return compareText(left.prefix, right.prefix) || left.number - right.number || compareText(a, b);
}

/** By {@link compareIds}. Ids of one form, of which there may be ten thousand, are mostly in order as they are. */
export function sortById<T extends { readonly id: string }>(items: readonly T[]): readonly T[] {
  const first = items[0]?.id ?? '';
  const prefix = first.slice(0, first.lastIndexOf('-') + 1);
  let before = '';
  for (const { id } of items) {
    if (id < before || id.length !== first.length || !id.startsWith(prefix)) {
      return items.toSorted((a, b) => compareIds(a.id, b.id));
    }
    before = id;
  }
  return items;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function splitId(id: string): { prefix: string; number: number } {
  const dash = id.lastIndexOf('-');
  return { prefix: id.slice(0, dash), number: Number(id.slice(dash + 1)) };
}
