import type { MoveResult } from '../git/target.ts';
import type { SyncedTarget } from '../git/target-sync.ts';
import type { Intent, TaskRecord } from '../store/store.ts';

export type LandIntent = Intent & { kind: 'land' };

/** A task's accepted head combined with the target: exactly what will land, if it is green. */
export interface Candidate {
  readonly commit: string;
  readonly tree: string;
  readonly base: string;
}

export type CandidateResult =
  | { readonly kind: 'made'; readonly candidate: Candidate }
  /** The target holds it already, since this commit: a landing that nobody could record. */
  | { readonly kind: 'landed'; readonly candidate: Candidate }
  | { readonly kind: 'conflict'; readonly why: string; readonly detail: string }
  /** It would give protected paths a content that nobody has approved. `head` holds it, as work on this target. */
  | { readonly kind: 'unapproved'; readonly head: string; readonly hash: string; readonly paths: readonly string[] };

/** What the combination came to. */
export type Proof =
  /** `verdict`: key of the recorded verdict on exactly this tree. */
  | { readonly kind: 'green'; readonly verdict: string }
  /** Red twice, while the target alone is green: the task is to blame. */
  | { readonly kind: 'blamed'; readonly why: string; readonly detail: string }
  /** The target alone is red as well: this says nothing about the task. */
  | { readonly kind: 'base-red'; readonly why: string }
  | { readonly kind: 'infrastructure'; readonly why: string }
  | { readonly kind: 'cancelled' };

/**
 * `mended`: restored from another copy, and it can be tried again. `lost`: the attempt must be made again.
 * `target-damaged`: so is what the target itself has, and no task is to blame.
 */
export type HeadState = 'intact' | 'mended' | 'lost' | 'target-damaged';

/** What the train does outside of the store. */
export interface TrainWork {
  /** Where the target stands. @param known where it stood when last looked at. */
  sync(known: string | null | undefined): Promise<SyncedTarget>;
  /** The target is another commit now: what is combined from here on goes by that one's merge attributes. */
  standOn(commit: string): Promise<void>;
  combine(
    task: TaskRecord,
    work: { readonly attempt: number; readonly head: string; readonly base: string },
  ): Promise<CandidateResult>;
  prove(task: TaskRecord, candidate: Candidate): Promise<Proof>;
  /**
   * Moves the target by compare-and-swap; a second call finds it where it should be. `stillOurs` is asked while the ref
   * is locked for this very change; where it throws, the target stays.
   */
  swap(intent: LandIntent, stillOurs: () => Promise<void>): Promise<MoveResult>;
  /** The target's commit, if what the intent lands is part of it by now. */
  landedIn(intent: LandIntent): Promise<string | null>;
  /** After git has failed over a task's commit: whether that is because objects of it are damaged. */
  examineHead(task: TaskRecord): Promise<HeadState>;
  /** Notes the target's new head, and does away with what a landed task needs no more. */
  clearUp(intent: LandIntent, head: string): Promise<void>;
  dispose(): Promise<void>;
}
