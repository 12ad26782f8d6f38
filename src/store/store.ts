import type { AttemptOutcome, AttemptPhase } from '../core/attempt.ts';
import type { Fence, Lease, LeaseResource } from '../core/lease.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import type { Pause, PauseSubject } from '../core/pause.ts';
import type { KillSubject, StopView } from '../core/snapshot.ts';
import type { Progress } from '../core/step.ts';
import type { TaskEvent } from '../core/task-event.ts';
import type { TaskSpec } from '../core/task.ts';
import type { TaskStatus } from '../core/task-state.ts';
import type { Json, YardEvent } from '../core/yard-event.ts';
import type { Spending, SpendingReader, SpendingView } from './spending.ts';

/** Where a task came from. An edit of the source changes `hash`; it takes effect at the next attempt. */
export interface TaskSource {
  /** Relative to the repository's root, `/`. */
  readonly path: string;
  readonly hash: string;
}

export interface TaskRecord extends Progress {
  readonly spec: TaskSpec;
  readonly source: TaskSource | null;
  /** How many attempts were started. */
  readonly attempts: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Of a final task, what a list of tasks shows. */
export type FinishedRow = Pick<TaskRow, 'id' | 'title' | 'attempts' | 'area' | 'priority'> & {
  readonly status: TaskStatus;
};

/** A part of the ready tasks, of which there may be ten thousand. */
export interface Part {
  /** The first so many, in the order in which they would start. */
  readonly first: number;
  readonly ids: readonly string[];
}

/** What of a list is wanted: its beginning and its end. */
export interface OverviewWanted {
  readonly ready: number;
  readonly finished: number;
}

/** Ids that a shell offers. */
export interface IdsWanted {
  /** How they start, case included; all do with nothing. */
  readonly prefix: string;
  readonly statuses: readonly TaskStatus[];
  readonly limit: number;
}

export interface Overview {
  readonly view: StoreView;
  readonly counts: Readonly<Record<TaskStatus, number>>;
  /** The newest attempt of each running task. */
  readonly running: readonly AttemptRecord[];
  /** When the newest task was added; 0 while there is none. */
  readonly importedMs: number;
  /** The last ones, in the order of their ids. */
  readonly finished: readonly FinishedRow[];
}

/** A task as a list of tasks shows it. */
export interface ListedTask {
  readonly id: string;
  readonly title: string;
  readonly status: TaskStatus;
  readonly area: string | null;
  readonly priority: number;
  /** How many attempts were started. */
  readonly attempts: number;
  /** Agent spec; null: the default one. */
  readonly agent: string | null;
  readonly after: readonly string[];
}

/** Which tasks are to be listed: those that all of what is given holds for. */
export interface TaskFilter {
  readonly statuses?: readonly TaskStatus[];
  readonly areas?: readonly string[];
  /** Names of agents, or whole specs; null stands for the tasks that name no agent. */
  readonly agents?: readonly (string | null)[];
  readonly ids?: readonly string[];
  /** Those that come after this one. */
  readonly after?: string;
}

/** The columns that planning, `status` and `why` need: no objective, no context. */
export interface TaskRow extends Progress {
  readonly id: string;
  readonly title: string;
  readonly area: string | null;
  readonly priority: number;
  readonly owns: readonly string[];
  readonly after: readonly string[];
  readonly gate: string | null;
  readonly agent: string | null;
  /** False when the task has no acceptance criteria. */
  readonly hasAcceptance: boolean;
  readonly attempts: number;
  readonly updatedMs: number;
  readonly source: TaskSource | null;
}

export interface AttemptRecord {
  readonly taskId: string;
  readonly attempt: number;
  readonly token: number;
  readonly phase: AttemptPhase;
  readonly outcome: AttemptOutcome | null;
  /** What it came to from what, for the no-progress guard (`core/conclusion.ts`); null where that is not compared. */
  readonly signature: string | null;
  /** Agent spec. */
  readonly agent: string;
  /** The pool that its turns are taken from; null: none. */
  readonly pool: string | null;
  /** The run that dispatched it: the token of its scheduler; null where that was not kept. */
  readonly run: number | null;
  /** The target's head that the attempt started from; null until prepared. */
  readonly base: string | null;
  /** The host-made commit; null until collected. */
  readonly head: string | null;
  readonly startedMs: number;
  readonly finishedMs: number | null;
  /** When the agent or the gate was last heard, and what it was doing (one line, already made inert). */
  readonly activityMs: number;
  readonly activity: string;
}

/** What an attempt tells of itself on the way. Only what is given is changed. */
export interface AttemptProgress {
  readonly phase?: AttemptPhase;
  readonly base?: string;
  readonly head?: string;
  readonly activity?: string;
}

/** An effect that was about to be made. Recovery completes or undoes every open one. */
export type Intent =
  | { readonly kind: 'spawn'; readonly taskId: string; readonly attempt: number; readonly token: number }
  | {
      readonly kind: 'land';
      readonly taskId: string;
      readonly attempt: number;
      /** Full ref name. */
      readonly target: string;
      readonly oldCommit: string;
      readonly newCommit: string;
      /** Of the new commit: what was tested. */
      readonly tree: string;
      /** Key of the green verdict on it. */
      readonly verdict: string;
    }
  /** Its token is void; recovery ends what is left of its processes. */
  | { readonly kind: 'kill'; readonly subject: KillSubject };

export interface IntentRecord {
  readonly id: number;
  readonly intent: Intent;
  readonly openedMs: number;
}

/** A gate's green result on one tree. Red and infrastructure results are never kept for reuse. */
export interface Verdict {
  /** Hash over all that the result depends on (`gates/verdict-key.ts`). */
  readonly key: string;
  readonly tree: string;
  readonly gate: string;
  readonly atMs: number;
  readonly durationMs: number;
  /** Relative to the state directory. */
  readonly evidence: string;
}

export interface Answer {
  readonly attempt: number;
  readonly question: string;
  readonly answer: string;
  readonly atMs: number;
}

/** A task as a source has it now. */
export interface TaskImport {
  readonly spec: TaskSpec;
  readonly source: TaskSource | null;
}

export interface EventFilter {
  /** Only events with a greater number. */
  readonly sinceSeq?: number;
  /** Only events up to this number. */
  readonly untilSeq?: number;
  readonly taskId?: string;
  readonly limit?: number;
  /** The newest `limit` events instead of the oldest; still returned oldest first. */
  readonly newest?: boolean;
  /** Only events of these types. */
  readonly types?: readonly string[];
}

/** What a list says of a task that it only names. */
export interface Headline {
  readonly title: string;
  readonly createdMs: number;
}

/** All that a store keeps but its events, as it was after one of them. */
export interface Archive {
  readonly lastSeq: number;
  readonly tasks: readonly TaskRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly answers: readonly (Answer & { readonly taskId: string })[];
  readonly approvals: readonly { readonly taskId: string; readonly hash: string; readonly atMs: number }[];
}

/** Reading. Every call is one short read; no snapshot is held between calls, `view` apart. */
export interface StoreReader extends SpendingReader {
  task(id: string): Promise<TaskRecord | null>;
  /** All tasks, or those in the given states, by no particular order. */
  rows(statuses?: readonly TaskStatus[]): Promise<TaskRow[]>;
  /** By no particular order. */
  list(filter: TaskFilter): Promise<ListedTask[]>;
  /** All that a cycle decides from, read in one transaction: rows that are not final, and states of final ones. */
  view(): Promise<StoreView>;
  /**
   * As `view`, but of the ready tasks only a part, and those that it waits for: enough to say why these do not start.
   * `dependencies` holds the states of all others that they name.
   */
  viewOf(part: Part): Promise<StoreView>;
  /** All that a list of tasks shows, read in one transaction. */
  overview(wanted: OverviewWanted): Promise<Overview>;
  countByStatus(): Promise<Record<TaskStatus, number>>;
  /** The newest first. */
  taskIds(wanted: IdsWanted): Promise<string[]>;
  attempts(taskId: string): Promise<AttemptRecord[]>;
  /** The newest attempt of each running task. */
  runningAttempts(): Promise<AttemptRecord[]>;
  /** Of the `among` attempts that were started last, those that have ended, the newest end first. */
  endedAttempts(among: number): Promise<AttemptRecord[]>;
  leases(): Promise<Lease[]>;
  lease(resource: LeaseResource): Promise<Lease | null>;
  openIntents(): Promise<IntentRecord[]>;
  answers(taskId: string): Promise<Answer[]>;
  isApproved(taskId: string, hash: string): Promise<boolean>;
  verdict(key: string): Promise<Verdict | null>;
  control(): Promise<Control>;
  events(filter: EventFilter): Promise<YardEvent[]>;
  /** Number of the last event before the first one of that time or later; 0: there is none. */
  seqBefore(ms: number): Promise<number>;
  /** Of those tasks that there are. */
  headlines(ids: readonly string[]): Promise<Map<string, Headline>>;
  /** Up to which event a reader has told of them (`Store.setCursor`); null: it has never begun. */
  cursor(name: string): Promise<number | null>;
  /** Read in one transaction. */
  archive(): Promise<Archive>;
  /** Changes whenever any process has committed a write. Cheap enough to poll. */
  version(): Promise<number>;
  close(): Promise<void>;
}

export interface Control {
  readonly stopped: StopView | null;
  /** By their keys. */
  readonly pauses: readonly Pause[];
  /** Failed attempts in a row, over all tasks, since one was accepted or a person went on. */
  readonly failuresInARow: number;
}

export interface StoreView {
  readonly rows: readonly TaskRow[];
  /**
   * States of the final tasks that a row's `after` names. A superseded one carries the state of the end of its chain of
   * successors.
   */
  readonly dependencies: ReadonlyMap<string, TaskStatus>;
  /** Of the superseded ones among them, the task at that end; none where the chain ends nowhere. */
  readonly successors: ReadonlyMap<string, string>;
  readonly leases: readonly Lease[];
  readonly intents: readonly IntentRecord[];
  readonly control: Control;
  readonly spending: SpendingView;
}

/** With what an attempt starts. */
export interface DispatchOptions {
  /** Agent spec: the one of the task's chain that was chosen. What goes on at its gate stays its maker's. */
  readonly agent: string;
  /** What its turns are taken from; none unless said. */
  readonly pool?: string | null;
  readonly bootId: string;
  readonly expiresMonotonicMs: number;
}

/** What became of the wish for a lease. */
export type Acquired =
  | {
      readonly kind: 'acquired';
      readonly fence: Fence;
      /** The lease that was on the resource before, held or given back; null: there was none. */
      readonly before: Pick<Lease, 'bootId' | 'expiresMonotonicMs'> | null;
    }
  | { readonly kind: 'held'; readonly lease: Lease };

/**
 * The one truth of a yard. Invariants that every implementation keeps:
 * 1. Each call is one transaction; the change and its events commit together or not at all.
 * 2. A write that carries a fence changes nothing, and throws `StaleTokenError`, unless the lease is held with exactly
 *    that token. (Expiry alone does not break a fence; taking the lease over does, by raising the token.)
 * 3. Tokens of a resource only grow, also over release and take-over.
 * 4. A task's state changes through `step()` only.
 * 5. An acknowledged write survives power loss.
 */
export interface Store extends StoreReader, Spending {
  // Tasks
  /**
   * Adds tasks that are new and replaces the spec of those that exist; final ones, and those whose spec is in use
   * (`isInUse`), are left alone. All or nothing. `fence` is the scheduler's; a person who edits a task needs none.
   */
  importTasks(imports: readonly TaskImport[], fence?: Fence): Promise<void>;
  /** An operator's or the scheduler's event on a task; `fence` where the actor holds a lease. */
  transition(taskId: string, event: TaskEvent, fence?: Fence): Promise<TaskRecord>;
  /**
   * A cancellation, a supersession or a person's parking also ends the running attempt (`cancelled`), voids its token,
   * and opens a `kill` intent for its processes. `fence` where the actor holds a lease.
   */
  withdraw(
    taskId: string,
    event: TaskEvent & { kind: 'cancelled' | 'superseded' | 'parked' },
    fence?: Fence,
  ): Promise<TaskRecord>;
  /** `answered`, with the answer kept for the next attempt. */
  answer(taskId: string, text: string): Promise<TaskRecord>;
  /** `approved`; the hash stays approved for this task. Throws `HashMismatchError` unless it is the one asked for. */
  approve(taskId: string, hash: string): Promise<TaskRecord>;

  // Leases
  /** Takes a free resource, or one whose holder `mayTake` says is gone. The token is raised. */
  acquire(
    resource: LeaseResource,
    owner: ProcessIdentity,
    expiresMonotonicMs: number,
    mayTake: (held: Lease) => boolean,
  ): Promise<Acquired>;
  /** First act of a dispatched child: makes itself the owner, once. False: another did, or the token is outdated. */
  claim(fence: Fence, owner: ProcessIdentity, expiresMonotonicMs: number): Promise<boolean>;
  /** Heartbeat. Throws `StaleTokenError` when the lease was lost. */
  renew(fence: Fence, expiresMonotonicMs: number): Promise<void>;
  /** Gives the lease back; the token stays spent. A stale fence is ignored. */
  release(fence: Fence): Promise<void>;

  // Attempts
  /**
   * ready → running: a new attempt, an unclaimed lease with a new token, and an open `spawn` intent. `scheduler` is the
   * scheduler's fence; `expiresMonotonicMs` is when an unclaimed lease is void. Throws `YardStoppedError` once the yard
   * is stopped: a stop is over all that starts, also what a cycle had planned before it.
   */
  dispatch(
    scheduler: Fence,
    taskId: string,
    options: DispatchOptions,
  ): Promise<{ attempt: number; fence: Fence; intentId: number }>;
  /** Closes a `spawn` intent. */
  spawned(scheduler: Fence, intentId: number): Promise<void>;
  progress(fence: Fence, taskId: string, attempt: number, change: AttemptProgress): Promise<void>;
  /**
   * The attempt's end and what it means for the task (`conclude`), and the lease given back. `signature` is kept with the
   * attempt, and compared with that of the one before.
   */
  finish(
    fence: Fence,
    taskId: string,
    attempt: number,
    outcome: AttemptOutcome,
    signature?: string | null,
  ): Promise<TaskRecord>;
  /** As `finish`, by the scheduler, for an attempt whose lease `lost` is gone; its token is voided. */
  lose(scheduler: Fence, lost: Fence, taskId: string, attempt: number, outcome: AttemptOutcome): Promise<TaskRecord>;

  // Train
  /**
   * landing → sealed, and the `land` intent. `train` is the train's fence. Throws {@link UnprovenError} unless the
   * verdict that the intent names is recorded, and is on the tree that it names.
   */
  openLanding(train: Fence, intent: Intent & { kind: 'land' }): Promise<number>;
  /** Ends a `land` intent: the task has landed, or goes back to `accepted`. */
  closeLanding(
    train: Fence,
    intentId: number,
    result: { readonly kind: 'landed' } | { readonly kind: 'undone'; readonly why: string },
  ): Promise<void>;
  /** `fence` is that of the attempt or the train that ran the gate. */
  addVerdict(fence: Fence, verdict: Verdict): Promise<void>;

  // The yard
  /**
   * `fence` where the actor holds a lease: not for a person. Such a stop leaves one that stands as it is, so that nobody's
   * reason is hidden.
   */
  stop(by: string, why: string, fence?: Fence): Promise<void>;
  /**
   * Stops the yard unless it is stopped already, voids the tokens of all running attempts and of the train, and opens a
   * `kill` intent for each. A task stays `running` until its kill is closed. Returns the kills that are open.
   */
  interrupt(by: string, why: string): Promise<IntentRecord[]>;
  /**
   * The processes of a `kill` intent are proved dead. A task that still runs with that attempt is ready again, and
   * nothing is counted. Does nothing for one that was closed. `fence` where the actor holds a lease.
   */
  closeKill(intentId: number, fence?: Fence): Promise<void>;
  /** Holds what is meant until it is unpaused. One that is there already gets the new reason. */
  pause(subject: PauseSubject, by: string, why: string): Promise<void>;
  /** False: it was not paused. */
  unpause(subject: PauseSubject): Promise<boolean>;
  /** Takes the stop away and sets the failures in a row to none. Pauses stay. */
  resume(): Promise<void>;
  /** Sets the failures in a row to none, and leaves a stop as it is. */
  resetBreaker(): Promise<void>;
  /** See `cursor`. It only grows. */
  setCursor(name: string, seq: number): Promise<void>;
  /** An event that changes no other row. */
  note(type: string, data: Json, about?: NoteAbout): Promise<void>;
}

/** Nothing starts any more; nothing was written. */
export class YardStoppedError extends Error {
  readonly code = 'yard-stopped';

  constructor(by: string) {
    super(`the yard is stopped by ${by}`);
    this.name = 'YardStoppedError';
  }
}

/** What an event is about, and the fence of the actor where it holds a lease. */
export interface NoteAbout {
  readonly taskId?: string;
  readonly attempt?: number;
  readonly fence?: Fence;
}

/** The holder of this fence lost its lease; nothing was written. */
export class StaleTokenError extends Error {
  readonly code = 'stale-token';
  readonly resource: LeaseResource;

  constructor(fence: Fence) {
    super(`the token ${fence.token} of ${fence.resource} is no longer current`);
    this.name = 'StaleTokenError';
    this.resource = fence.resource;
  }
}

/** There is no green verdict on what was to land; nothing was written. */
export class UnprovenError extends Error {
  readonly code = 'unproven';

  constructor(taskId: string, tree: string) {
    super(`${taskId} was not to land: no green verdict on the tree ${tree} is recorded`);
    this.name = 'UnprovenError';
  }
}

/** The approval names another content than the one that waits. */
export class HashMismatchError extends Error {
  readonly code = 'hash-mismatch';

  constructor(wanted: string, given: string) {
    super(`the approval is for ${given}, but ${wanted} waits`);
    this.name = 'HashMismatchError';
  }
}

/** There is no task of this id. */
export class NoSuchTaskError extends Error {
  readonly code = 'no-such-task';
  readonly taskId: string;

  constructor(taskId: string) {
    super(`there is no task ${taskId}`);
    this.name = 'NoSuchTaskError';
    this.taskId = taskId;
  }
}
