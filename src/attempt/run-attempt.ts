import type { AttemptOutcome } from '../core/attempt.ts';
import { LEASE_MS } from '../core/lease.ts';
import type { TaskSpec } from '../core/task.ts';
import { ownIdentity } from '../process/identity.ts';
import { killTree } from '../process/tree.ts';
import { Heartbeat } from '../store/heartbeat.ts';
import type { AttemptContext } from './attempt-context.ts';
import { collect } from './collect.ts';
import { gate } from './gate-phase.ts';
import { implement } from './implement.ts';
import { prepare } from './prepare.ts';

/*
 * One attempt from end to end, in a process of its own. Invariants:
 * 1. Its first act is to claim the lease; a process that loses the claim does nothing else.
 * 2. Every write carries the lease's token. When the lease is lost, the agent is killed and nothing more is written.
 * 3. It ends with exactly one outcome, which moves the task in the same transaction.
 */

export type AttemptEnd = 'finished' | 'not-ours' | 'lost';

/** Runs the attempt that was dispatched. Never throws for what an agent or a gate does; a bug is an outcome too. */
export async function runAttempt(context: Omit<AttemptContext, 'signal'>): Promise<AttemptEnd> {
  const { store, clock, fence, taskId, attempt } = context;
  const claimed = await store.claim(fence, ownIdentity(), clock.monotonicMs() + LEASE_MS);
  if (!claimed) return 'not-ours';
  const heartbeat = new Heartbeat(store, clock, fence);
  const full: AttemptContext = { ...context, signal: heartbeat.signal };
  try {
    const outcome = await attemptOutcome(full);
    await killTree({ leader: null, marker: context.marker, graceMs: context.pin.config.limits.killGraceMs });
    if (heartbeat.signal.aborted) return 'lost';
    await full.evidence.writeJson('outcome.json', outcome);
    await full.evidence.seal();
    await store.finish(fence, taskId, attempt, outcome);
    return 'finished';
  } catch (error) {
    if (isStale(error)) return 'lost';
    throw error;
  } finally {
    heartbeat.stop();
  }
}

async function attemptOutcome(context: AttemptContext): Promise<AttemptOutcome> {
  try {
    return await phases(context);
  } catch (error) {
    if (isStale(error)) throw error;
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (codeOf(error) === 'integrity') return { kind: 'integrity', why };
    return { kind: 'infrastructure', why };
  }
}

async function phases(context: AttemptContext): Promise<AttemptOutcome> {
  const { store, fence, taskId, attempt } = context;
  const record = await store.task(taskId);
  if (record === null || record.state.status !== 'running') return { kind: 'cancelled' };
  const { entry } = record.state;
  const enter = async (phase: 'preparing' | 'implementing' | 'collecting' | 'gating' | 'auditing' | 'deciding') =>
    store.progress(fence, taskId, attempt, { phase });
  let head: string;
  if (entry.phase === 'gating') {
    head = entry.head;
    await store.progress(fence, taskId, attempt, { head });
  } else {
    const made = await makeHead(context, record.spec, enter);
    if (made.kind !== 'collected') return made;
    ({ head } = made);
  }
  await enter('gating');
  const red = await gate(context, record.spec, head);
  if (red !== null) return red;
  await enter('auditing');
  // An audit that is off is recorded as off, never as passed.
  await context.evidence.writeJson('audit.json', { audit: context.pin.config.audit, head });
  await enter('deciding');
  return { kind: 'accepted', head };
}

async function makeHead(
  context: AttemptContext,
  spec: TaskSpec,
  enter: (phase: 'preparing' | 'implementing' | 'collecting') => Promise<void>,
): Promise<{ kind: 'collected'; head: string } | AttemptOutcome> {
  await enter('preparing');
  const prepared = await prepare(context);
  if (prepared.kind !== 'ready') return prepared;
  await context.store.progress(context.fence, context.taskId, context.attempt, { base: prepared.lane.base });
  await enter('implementing');
  const implemented = await implement(context, spec, prepared);
  if (implemented.kind !== 'implemented') return implemented;
  await enter('collecting');
  return collect(context, spec, prepared.lane);
}

function isStale(error: unknown): boolean {
  return codeOf(error) === 'stale-token';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
