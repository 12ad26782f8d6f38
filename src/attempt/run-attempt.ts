import type { AttemptOutcome } from '../core/attempt.ts';
import { LEASE_MS } from '../core/lease.ts';
import { scopeViolations } from '../core/scope-check.ts';
import type { TaskSpec } from '../core/task.ts';
import { toText } from '../git/byte-path.ts';
import { diffRaw } from '../git/raw-diff.ts';
import { ownIdentity } from '../process/identity.ts';
import { treeOf } from '../git/depot.ts';
import { killTree } from '../process/tree.ts';
import { Heartbeat } from '../store/heartbeat.ts';
import type { AttemptContext } from './attempt-context.ts';
import { collect } from './collect.ts';
import type { Collected } from './collect.ts';
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
    const graceMs = context.pin.config.limits.killGraceMs;
    const { survivors } = await killTree({ leader: null, marker: context.marker, graceMs });
    // Whatever still runs may write to the lane: the attempt stays the scheduler's to end, which first proves them dead.
    if (survivors.length > 0) return 'lost';
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
    if (isStale(error) || isFatal(error)) throw error;
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
  const enter = async (phase: 'auditing' | 'deciding') => store.progress(fence, taskId, attempt, { phase });
  const made =
    entry.phase === 'gating' ? await takeUp(context, record.spec, entry.head) : await makeHead(context, record.spec);
  if (made.kind !== 'collected') return made;
  const { head } = made;
  await store.progress(fence, taskId, attempt, { phase: 'gating', head });
  const red = await gate(context, record.spec, made);
  if (red !== null) return red;
  await enter('auditing');
  // An audit that is off is recorded as off, never as passed.
  await context.evidence.writeJson('audit.json', { audit: context.pin.config.audit, head });
  await enter('deciding');
  return { kind: 'accepted', head };
}

/** An approved commit goes on to its gate, unless the task was edited meanwhile so that it would not have been made. */
async function takeUp(context: AttemptContext, spec: TaskSpec, head: string): Promise<Collected | AttemptOutcome> {
  const changes = await diffRaw(context.depot, `${head}^`, head);
  const violations = scopeViolations(
    spec,
    changes.map(({ path }) => toText(path)),
  );
  if (violations.length > 0) return { kind: 'scope', violations };
  return { kind: 'collected', head, tree: await treeOf(context.depot, head) };
}

/** The attempt stands in `preparing` since its dispatch. */
async function makeHead(context: AttemptContext, spec: TaskSpec): Promise<Collected | AttemptOutcome> {
  const { store, fence, taskId, attempt } = context;
  const prepared = await prepare(context);
  if (prepared.kind !== 'ready') return prepared;
  await store.progress(fence, taskId, attempt, { phase: 'implementing', base: prepared.lane.base });
  const implemented = await implement(context, spec, prepared);
  if (implemented.kind !== 'implemented') return implemented;
  await store.progress(fence, taskId, attempt, { phase: 'collecting' });
  return collect(context, spec, prepared.lane);
}

/** After a failed sync nothing about the disk is certain: the process ends, and nothing more is recorded. */
function isFatal(error: unknown): boolean {
  return codeOf(error) === 'store-io' || (error instanceof Error && 'syscall' in error && error.syscall === 'fsync');
}

function isStale(error: unknown): boolean {
  return codeOf(error) === 'stale-token';
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
