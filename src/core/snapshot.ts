import type { AgentAtWork, AgentChoice } from './agent-pools.ts';
import type { SharedBudget } from './shared-budget.ts';
import type { Pause } from './pause.ts';
import type { PoolView } from './pool.ts';
import type { Grace } from './presence.ts';
import type { DiskView } from './disk.ts';
import type { Counters, TaskState, TaskStatus } from './task-state.ts';

/** What `plan` needs to know of one task that is not final. */
export interface TaskView {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
  readonly counters: Counters;
  readonly priority: number;
  /** When its row was last written, by the clock of then. */
  readonly updatedMs: number;
  readonly area: string | null;
  /** Who may work on it, in the order in which they are wanted. */
  readonly agents: readonly AgentChoice[];
  readonly owns: readonly string[];
  readonly after: readonly string[];
  /** What preflight found wrong with it; none means that it may start. */
  readonly problems: readonly string[];
}

/** What became of a task that others wait for. `missing`: no such task. */
export type DependencyState = TaskStatus | 'missing';

/** A lease on an attempt, with what the shell has just seen of its owner. */
export interface AttemptLease {
  readonly taskId: string;
  readonly attempt: number;
  readonly token: number;
  /**
   * `unclaimed`: no process has taken it yet. `live`, `dead`: the owner's process runs, or does not.
   * `elsewhere`: it was written in another boot of the machine, taken or not.
   */
  readonly owner: 'unclaimed' | 'live' | 'dead' | 'elsewhere';
  /** Monotonic time of the boot in which it was written. */
  readonly expiresMonotonicMs: number;
}

/** Processes that are to end: those of an attempt, or of the train. Their token is void already. */
export type KillSubject =
  | { readonly of: 'attempt'; readonly taskId: string; readonly attempt: number; readonly token: number }
  | { readonly of: 'train'; readonly token: number };

/** Not proved dead yet: whoever wanted it may have died on the way. */
export interface OpenKill {
  readonly intentId: number;
  readonly subject: KillSubject;
}

export interface TrainView {
  /** A process holds the train's lease and lives. */
  readonly live: boolean;
  readonly openLandings: number;
}

export interface PlanLimits {
  readonly concurrent: number;
  readonly dispatchPerCycle: number;
  /** Failures in a row, over all tasks, after which nothing more starts. */
  readonly consecutiveFailures: number;
  /** Accepted tasks that may wait for the train before nothing more starts. */
  readonly backlog: number;
  /** Attempts of one area that may run at once, for the areas that have a limit. */
  readonly areas: Readonly<Record<string, number>>;
}

/** Why nothing new may start, if so. */
export interface StopView {
  readonly by: string;
  readonly why: string;
  readonly atMs: number;
}

/** Everything that one cycle decides from. */
export interface Snapshot {
  readonly tasks: readonly TaskView[];
  /** The states of final tasks that the live ones wait for, successors of superseded ones followed. */
  readonly dependencies: ReadonlyMap<string, DependencyState>;
  /** Of the superseded ones among them, the task at the end of the chain, whose state they carry. */
  readonly successors: ReadonlyMap<string, string>;
  readonly leases: readonly AttemptLease[];
  readonly kills: readonly OpenKill[];
  readonly train: TrainView;
  readonly stopped: StopView | null;
  readonly pauses: readonly Pause[];
  readonly failuresInARow: number;
  /** Why nothing may land, if so (a target that is checked out, say). */
  readonly landingBlocked: string | null;
  readonly disk: DiskView;
  readonly pools: readonly PoolView[];
  /** Of the attempts that run. */
  readonly atWork: readonly AgentAtWork[];
  readonly budgets: readonly SharedBudget[];
  readonly limits: PlanLimits;
  readonly monotonicMs: number;
  /** The scheduler has just begun: what died before it did so while nobody looked. */
  readonly isFirstLook: boolean;
  /** The scheduler was away: what expired meanwhile is not lost yet. */
  readonly graces: readonly Grace[];
}
