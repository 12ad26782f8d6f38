import { codeOf } from '../core/error-code.ts';
import { compareIds } from '../core/frontier.ts';
import { inertLine } from '../core/inert.ts';
import { impossible } from '../core/impossible.ts';
import { LEASE_MS } from '../core/lease.ts';
import { faultOf, isPassing } from '../core/machine-fault.ts';
import type { MachineFault } from '../core/machine-fault.ts';
import type { Fence } from '../core/lease.ts';
import type { TaskEvent } from '../core/task-event.ts';
import type { Host } from '../process/host.ts';
import { giveBack } from '../store/give-back.ts';
import { Heartbeat } from '../store/heartbeat.ts';
import { isHeld } from '../store/lease-holder.ts';
import type { Store, TaskRecord } from '../store/store.ts';
import { describeMove, land, recordLanded, recoverLanding } from './land.ts';
import type { LandingContext } from './land.ts';
import type { Candidate, TrainWork } from './train-work.ts';

/*
 * The merge train: one task after the other is combined with the target, proved, landed. Invariants:
 * 1. One process is the train: it holds the lease `train`, and every row that it writes is fenced by it.
 * 2. What lands is the commit whose tree was tested.
 * 3. Open landings of a train that died are finished before anything else.
 */

export interface TrainOptions {
  readonly store: Store;
  readonly host: Host;
  /** Full name of the target's ref. */
  readonly target: string;
  /** False once the configuration has changed: a train with the new one takes over between two landings. */
  readonly isCurrent: () => boolean;
  /** @param lease the train's; its signal fires when it is lost. */
  readonly work: (lease: { readonly fence: Fence; readonly signal: AbortSignal }) => Promise<TrainWork>;
}

interface Context extends LandingContext, Pick<TrainOptions, 'target' | 'isCurrent'> {
  readonly signal: AbortSignal;
}

export type TrainEnd =
  | { readonly kind: 'empty' }
  | { readonly kind: 'held' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'blocked'; readonly why: string }
  /** The disk is full, say: what this train has begun is taken up by the next one. */
  | { readonly kind: 'no-room'; readonly why: string };

const POLL_MS = 50;
const INFRASTRUCTURE_MAX = 3;
/** Somebody's git may hold a lock for a moment. */
const RETRY_MS = 1_000;

/** Told to the person, and to the next attempt. */
const HEAD_LOST = 'object corrupt: the depot has lost a part of its commit, and no other copy was found';

/** As doctor calls it. */
const TARGET_DAMAGED =
  'the depot is damaged; it touches the history of the target. Look at the disk, then: yard doctor --repair';

/** Runs until nothing is accepted and nothing runs that could be, or until nothing can land. */
export async function runTrain(options: TrainOptions): Promise<TrainEnd> {
  const { store, host, target, isCurrent } = options;
  const acquired = await store.acquire(
    'train',
    host.self,
    host.clock.monotonicMs() + LEASE_MS,
    (held) => !isHeld(held, host),
  );
  if (acquired.kind === 'held') return { kind: 'held' };
  const { fence } = acquired;
  const heartbeat = new Heartbeat(store, host, fence);
  const { signal } = heartbeat;
  let work: TrainWork | null = null;
  try {
    work = await options.work({ fence, signal });
    const context: Context = { store, host, target, isCurrent, fence, signal, work };
    await recover(context);
    return await new Train(context).run();
  } catch (error) {
    if (codeOf(error) === 'stale-token') return { kind: 'lost' };
    if (!isPassing(faultOf(error)) && codeOf(error) !== 'git-failed' && codeOf(error) !== 'unfinished') throw error;
    const why = inertLine(error instanceof Error ? error.message : String(error), 500);
    // Told where it can be: the next train takes it up from there, after a while.
    if (faultOf(error) === null) await store.note('train.infrastructure', { why, inARow: 1 }, { fence });
    return { kind: 'no-room', why };
  } finally {
    heartbeat.stop();
    await work?.dispose();
    await giveBack(store, fence, signal);
  }
}

/** git failed between the swap and the record of a landing. */
class UnfinishedError extends Error {
  readonly code = 'unfinished';

  constructor(cause: Error) {
    super(`a landing could not be finished: ${cause.message}`, { cause });
    this.name = 'UnfinishedError';
  }
}

/** A landing that was undone for a fault of the machine that passes. */
class NoRoomError extends Error {
  readonly code = 'no-room';
  readonly fault: MachineFault;

  constructor(why: string, fault: MachineFault) {
    super(why);
    this.name = 'NoRoomError';
    this.fault = fault;
  }
}

/** Takes up what a train that died has left. */
async function recover(context: Context): Promise<void> {
  for (const record of await context.store.openIntents()) await recoverLanding(context, record);
  for (const { id } of await context.store.rows(['landing'])) {
    await unlessWithdrawn(context.store.transition(id, { kind: 'unboarded' }, context.fence));
  }
}

/** Null: the task was cancelled or superseded meanwhile, which takes it off the train. */
async function unlessWithdrawn<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'illegal-transition') return null;
    throw error;
  }
}

class Train {
  readonly #context: Context;
  /** Tasks that were red on this very target, which is red itself. */
  readonly #setBack = new Set<string>();
  #base: string | null | undefined = undefined;
  #infrastructure = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  async run(): Promise<TrainEnd> {
    const { store, signal } = this.#context;
    for (;;) {
      if (signal.aborted) return { kind: 'lost' };
      const version = await store.version();
      const { stopped, pauses } = await store.control();
      if (stopped !== null || pauses.some(({ subject }) => subject.of === 'train')) return { kind: 'empty' };
      const task = await this.#next();
      if (task === null) {
        if (!(await this.#mayStillCome())) return { kind: 'empty' };
        await this.#change(version);
        continue;
      }
      if (!this.#context.isCurrent()) return { kind: 'empty' };
      const blocked = await this.#advanceOrSay(task);
      if (blocked !== null) return { kind: 'blocked', why: blocked };
    }
  }

  async #next(): Promise<TaskRecord | null> {
    const rows = await this.#context.store.rows(['accepted']);
    const [row] = rows
      .filter(({ id }) => !this.#setBack.has(id))
      .toSorted((a, b) => b.priority - a.priority || compareIds(a.id, b.id));
    // What still runs may be what mends it.
    if (row === undefined && rows.length > 0 && !(await this.#mayStillCome())) {
      await this.#context.store.stop(
        'train',
        `the gate is red on ${this.#context.target} itself, so nothing can be proved`,
        this.#context.fence,
      );
    }
    return row === undefined ? null : this.#context.store.task(row.id);
  }

  /** An attempt is at work, so that another task may be accepted. One that died is for a scheduler to clear up. */
  async #mayStillCome(): Promise<boolean> {
    const { store, host } = this.#context;
    const leases = await store.leases();
    return leases.some((lease) => lease.resource.startsWith('task:') && isHeld(lease, host));
  }

  /** Waits until somebody has written to the store. */
  async #change(version: number): Promise<void> {
    const { store, signal, host } = this.#context;
    while (!signal.aborted && (await store.version()) === version) await host.sleep(POLL_MS);
  }

  /** A machine that fails in whatever way is told of and tried again, a few times; a bug is not hidden by that. */
  async #advanceOrSay(task: TaskRecord): Promise<string | null> {
    try {
      return await this.#advance(task);
    } catch (error) {
      if (!(error instanceof Error) || codeOf(error) !== 'git-failed' || faultOf(error) !== null) throw error;
      // The target has moved: there is no way but forward, by the recovery of the next train.
      if (await this.#isSealed(task.spec.id)) throw new UnfinishedError(error);
      return this.#setDown(task, inertLine(error.message, 500));
    }
  }

  async #isSealed(taskId: string): Promise<boolean> {
    const intents = await this.#context.store.openIntents();
    return intents.some(({ intent }) => intent.kind === 'land' && intent.taskId === taskId);
  }

  /** Off the train again, for what may be the machine's fault, or that of the disk under this one task's commit. */
  async #setDown(task: TaskRecord, why: string): Promise<string | null> {
    const { work } = this.#context;
    const head = await work.examineHead(task);
    if (head === 'lost') {
      // A landing that was undone has taken it off the train already.
      await this.#tell(task.spec.id, { kind: 'boarded' });
      await this.#tell(task.spec.id, { kind: 'blamed', why: HEAD_LOST, detail: why });
      return null;
    }
    await this.#tell(task.spec.id, { kind: 'unboarded' });
    if (head === 'target-damaged') {
      const { store, fence } = this.#context;
      await store.stop('train', TARGET_DAMAGED, fence);
      return TARGET_DAMAGED;
    }
    return head === 'mended' ? null : this.#afterInfrastructure(why);
  }

  /** Takes one task as far as it goes. A text: nothing can land at present, and why. */
  async #advance(task: TaskRecord): Promise<string | null> {
    const { store, fence, work } = this.#context;
    const synced = await work.sync(this.#base);
    if (synced.kind === 'blocked') return synced.why;
    if (synced.commit !== this.#base) await this.#standOn(synced.commit);
    const boarded = await this.#tell(task.spec.id, { kind: 'boarded' });
    if (boarded?.state.status !== 'landing') return null;
    const { attempt, head } = boarded.state;
    const made = await work.combine(boarded, { attempt, head, base: synced.commit });
    if (made.kind === 'conflict') {
      const { why, detail } = made;
      await this.#tell(task.spec.id, { kind: 'conflicted', why, detail });
      return null;
    }
    if (made.kind === 'unapproved') {
      const { head: combined, hash, paths } = made;
      const on = { kind: 'approval', head: combined, hash, paths, merged: true } as const;
      await this.#tell(task.spec.id, { kind: 'unapproved', on });
      return null;
    }
    const isLanded = made.kind === 'landed';
    const proof = await work.prove(boarded, made.candidate);
    switch (proof.kind) {
      case 'green':
        return this.#land(boarded, attempt, { ...made.candidate, isLanded }, proof.verdict);
      case 'blamed':
        await this.#tell(task.spec.id, { kind: 'blamed', why: proof.why, detail: proof.detail });
        return null;
      case 'base-red':
        this.#setBack.add(task.spec.id);
        await store.note(
          'train.base-red',
          { why: proof.why, base: made.candidate.base },
          { taskId: task.spec.id, fence },
        );
        await this.#tell(task.spec.id, { kind: 'unboarded' });
        return null;
      case 'infrastructure':
        return this.#setDown(boarded, proof.why);
      case 'cancelled':
        return null;
      default:
        throw impossible(proof satisfies never);
    }
  }

  /** The target is another commit now: only so can its merge attributes differ, and its gate be another colour. */
  async #standOn(commit: string): Promise<void> {
    await this.#context.work.standOn(commit);
    this.#base = commit;
    this.#setBack.clear();
  }

  async #land(
    task: TaskRecord,
    attempt: number,
    candidate: Candidate & { readonly isLanded: boolean },
    verdict: string,
  ): Promise<string | null> {
    const { target } = this.#context;
    const { base: oldCommit, commit: newCommit, tree } = candidate;
    const intent = {
      kind: 'land',
      taskId: task.spec.id,
      attempt,
      target,
      oldCommit,
      newCommit,
      tree,
      verdict,
    } as const;
    if (candidate.isLanded) {
      await unlessWithdrawn(recordLanded(this.#context, intent));
      return null;
    }
    const result = await unlessWithdrawn(land(this.#context, intent));
    if (result === null) return null;
    if (result.kind === 'moved') {
      this.#infrastructure = 0;
      await this.#standOn(newCommit);
      return null;
    }
    if (result.kind === 'changed') return null;
    const why = describeMove(result, target);
    // Nothing is wrong with the yard: it is neither counted nor stopped for that.
    if (result.kind === 'refused' && isPassing(result.fault)) throw new NoRoomError(why, result.fault);
    return result.kind === 'refused' ? this.#setDown(task, why) : why;
  }

  /** Null: see {@link unlessWithdrawn}. */
  async #tell(taskId: string, event: TaskEvent): Promise<TaskRecord | null> {
    const { store, fence } = this.#context;
    return unlessWithdrawn(store.transition(taskId, event, fence));
  }

  /** A machine that fails again and again is not tried for ever. */
  async #afterInfrastructure(why: string): Promise<string | null> {
    this.#infrastructure += 1;
    const { store, fence } = this.#context;
    await store.note('train.infrastructure', { why, inARow: this.#infrastructure }, { fence });
    if (this.#infrastructure < INFRASTRUCTURE_MAX) {
      await this.#context.host.sleep(RETRY_MS * this.#infrastructure);
      return null;
    }
    await store.stop('train', `nothing can land for reasons of the machine: ${why}`, fence);
    return why;
  }
}
