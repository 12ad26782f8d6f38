import { lanePaths, attemptRef } from '../../git/lane-names.ts';
import { inertLine } from '../../core/inert.ts';
import { taskResource } from '../../core/lease.ts';
import type { Lease } from '../../core/lease.ts';
import { evidenceDirectory } from '../../attempt/evidence-directory.ts';
import type { AttemptRecord } from '../../store/store.ts';
import { outcomeWhy } from '../story/outcome-why.ts';

/** A reason in a word, and in a sentence. */
export interface WaitingView {
  readonly reason: string;
  readonly detail: string;
}

/** An attempt that runs, as a line of a list shows it. */
export interface RunningView {
  readonly id: string;
  readonly attempt: number;
  readonly agent: string;
  readonly phase: string;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly activity: string;
}

/** An attempt that runs, with all that tells whether it lives. */
export interface RunView extends RunningView {
  /** What it waits for right now; null while it works. */
  readonly wait: WaitingView | null;
  readonly lastActivityMs: number;
  /** Of the attempt's own process; null until it has come up. */
  readonly pid: number | null;
  readonly lane: string;
  readonly evidence: string;
  /** The target's head that it started from; null until it was prepared. */
  readonly base: string | null;
  /** Of the depot, once what the agent made was collected. */
  readonly ref: string | null;
}

/** An attempt that has ended. */
export interface EndedView {
  readonly id: string;
  readonly attempt: number;
  readonly agent: string;
  readonly outcome: string;
  readonly why: string;
  readonly agoMs: number;
  readonly durationMs: number;
}

const TEXT_MAX = 200;

export function runningView(attempt: AttemptRecord, nowMs: number): RunningView {
  return {
    id: attempt.taskId,
    attempt: attempt.attempt,
    agent: attempt.agent,
    phase: attempt.phase,
    ageMs: Math.max(0, nowMs - attempt.startedMs),
    idleMs: Math.max(0, nowMs - attempt.activityMs),
    activity: inertLine(attempt.activity, TEXT_MAX),
  };
}

/** @param waiting the scheduler's own reasons why it does not move. */
export function runView(
  attempt: AttemptRecord,
  { leases, stateDirectory, nowMs }: { leases: readonly Lease[]; stateDirectory: string; nowMs: number },
  waiting: readonly WaitingView[],
): RunView {
  const { taskId, attempt: number, token, head } = attempt;
  const lease = leases.find(({ resource }) => resource === taskResource(taskId));
  const pid = lease?.owner?.pid ?? null;
  return {
    ...runningView(attempt, nowMs),
    wait: waiting[0] ?? waitOf(attempt, pid, leases),
    lastActivityMs: attempt.activityMs,
    pid,
    lane: lanePaths(stateDirectory, taskId).directory,
    evidence: evidenceDirectory(stateDirectory, taskId, number),
    base: attempt.base,
    ref: head === null ? null : attemptRef(taskId, number, token),
  };
}

/** What it does, as a person is shown it; before it has said anything, what is known. */
export function doingOf({
  wait,
  activity,
  phase,
  agent,
}: Pick<RunView, 'wait' | 'activity' | 'phase' | 'agent'>): string {
  if (wait !== null) return wait.detail;
  if (activity !== '') return activity;
  switch (phase) {
    case 'preparing':
      return 'filling its lane';
    case 'implementing':
      return `starting ${inertLine(agent, TEXT_MAX)}`;
    case 'collecting':
      return 'collecting what was made';
    case 'gating':
      return 'running its gate';
    default:
      return '';
  }
}

/** The leases tell: who works holds one of what it works with. */
function waitOf({ phase }: AttemptRecord, pid: number | null, leases: readonly Lease[]): WaitingView | null {
  if (pid === null) return { reason: 'process', detail: 'its process has not come up yet' };
  const hasSlot = leases.some(({ resource, owner }) => resource.startsWith('slot:') && owner?.pid === pid);
  return phase === 'gating' && !hasSlot ? { reason: 'slot', detail: 'it waits for a slot to run its gate in' } : null;
}

export function endedView(attempt: AttemptRecord, nowMs: number): EndedView {
  const { finishedMs, startedMs, outcome } = attempt;
  const endMs = finishedMs ?? nowMs;
  return {
    id: attempt.taskId,
    attempt: attempt.attempt,
    agent: attempt.agent,
    outcome: outcome?.kind ?? 'unknown',
    why: outcome === null ? '' : inertLine(outcomeWhy(outcome) ?? '', TEXT_MAX),
    agoMs: Math.max(0, nowMs - endMs),
    durationMs: Math.max(0, endMs - startedMs),
  };
}
