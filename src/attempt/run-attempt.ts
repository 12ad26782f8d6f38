import { codeOf } from '../core/error-code.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import type { Fence } from '../core/lease.ts';
import { LEASE_MS } from '../core/lease.ts';
import { faultOf, isPassing } from '../core/machine-fault.ts';
import type { TaskSpec } from '../core/task.ts';
import type { Host } from '../process/host.ts';
import { Heartbeat } from '../store/heartbeat.ts';
import type { Store } from '../store/store.ts';
import type { AttemptWork, Collected, Ready } from './attempt-work.ts';
import { outlast } from './outlast.ts';

/*
 * One attempt from end to end, in a process of its own. Invariants:
 * 1. Its first act is to claim the lease; a process that loses the claim does nothing else.
 * 2. Every write carries the lease's token. When the lease is lost, the agent is killed and nothing more is written.
 * 3. It ends with exactly one outcome, which moves the task in the same transaction.
 */

export type AttemptEnd = 'finished' | 'not-ours' | 'lost';

export interface AttemptOptions<Prepared extends Ready> {
  readonly store: Store;
  readonly host: Host;
  readonly taskId: string;
  readonly attempt: number;
  readonly fence: Fence;
  /** Carried by every process of the attempt. */
  readonly marker: string;
  readonly killGraceMs: number;
  /** @param signal fires when the lease is lost: whatever runs is to end, nothing more is to be written. */
  readonly work: (signal: AbortSignal) => AttemptWork<Prepared>;
}

interface Running<Prepared extends Ready> extends Pick<
  AttemptOptions<Prepared>,
  'store' | 'fence' | 'taskId' | 'attempt'
> {
  readonly work: AttemptWork<Prepared>;
}

/** Runs the attempt that was dispatched. Never throws for what an agent or a gate does; a bug is an outcome too. */
export async function runAttempt<Prepared extends Ready>(options: AttemptOptions<Prepared>): Promise<AttemptEnd> {
  const { store, host, fence, taskId, attempt, marker, killGraceMs } = options;
  const claimed = await store.claim(fence, host.self, host.clock.monotonicMs() + LEASE_MS);
  if (!claimed) return 'not-ours';
  const heartbeat = new Heartbeat(store, host, fence);
  const work = options.work(heartbeat.signal);
  try {
    const outcome = await attemptOutcome({ store, fence, taskId, attempt, work });
    const { survivors } = await host.killTree({ leader: null, marker, graceMs: killGraceMs });
    // Whatever still runs may write to the lane: the attempt stays the scheduler's to end, which first proves them dead.
    if (survivors.length > 0) return 'lost';
    if (heartbeat.signal.aborted) return 'lost';
    await outlast(host, heartbeat.signal, async () => {
      const signature = await work.signature(outcome);
      await work.seal(outcome);
      await store.finish(fence, taskId, attempt, outcome, signature);
    });
    return 'finished';
  } catch (error) {
    if (isStale(error)) return 'lost';
    throw error;
  } finally {
    heartbeat.stop();
  }
}

async function attemptOutcome<Prepared extends Ready>(running: Running<Prepared>): Promise<AttemptOutcome> {
  try {
    return await phases(running);
  } catch (error) {
    const fault = faultOf(error);
    // After a failed sync nothing about the disk is certain: the process ends, and nothing more is recorded.
    if (isStale(error) || fault === 'disk-broken') throw error;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (codeOf(error) === 'integrity') return { kind: 'integrity', why };
    return { kind: 'infrastructure', why, ...(isPassing(fault) ? { fault } : {}) };
  }
}

async function phases<Prepared extends Ready>(running: Running<Prepared>): Promise<AttemptOutcome> {
  const { store, fence, taskId, attempt, work } = running;
  const record = await store.task(taskId);
  if (record === null || record.state.status !== 'running') return { kind: 'cancelled' };
  const { entry } = record.state;
  const enter = async (phase: 'auditing' | 'deciding') => store.progress(fence, taskId, attempt, { phase });
  const made =
    entry.phase === 'gating' && !(await isEdited(running))
      ? await work.takeUp(record.spec, entry.head)
      : await makeHead(running, record.spec);
  if (made.kind !== 'collected') return made;
  const { head } = made;
  await store.progress(fence, taskId, attempt, { phase: 'gating', head });
  const red = await work.gate(record.spec, made);
  if (red !== null) return red;
  await enter('auditing');
  await work.audit(head);
  await enter('deciding');
  return { kind: 'accepted', head };
}

/** The task was edited since the attempt before this one ended: what that one made is not what is asked for now. */
async function isEdited<Prepared extends Ready>({ store, taskId }: Running<Prepared>): Promise<boolean> {
  const types = ['task.changed', 'attempt.finished'];
  const [last] = await store.events({ taskId, types, newest: true, limit: 1 });
  return last?.type === 'task.changed';
}

/** The attempt stands in `preparing` since its dispatch. */
async function makeHead<Prepared extends Ready>(
  { store, fence, taskId, attempt, work }: Running<Prepared>,
  spec: TaskSpec,
): Promise<Collected | AttemptOutcome> {
  const prepared = await work.prepare(spec);
  if (prepared.kind !== 'ready') return prepared;
  await store.progress(fence, taskId, attempt, { phase: 'implementing', base: prepared.lane.base });
  const implemented = await work.implement(spec, prepared);
  if (implemented.kind !== 'implemented') return implemented;
  await store.progress(fence, taskId, attempt, { phase: 'collecting' });
  return work.collect(spec, prepared);
}

function isStale(error: unknown): boolean {
  return codeOf(error) === 'stale-token';
}
