import type { AgentChoice } from './agent-pools.ts';
import { dispatchOrder, Frontier, isAtGate, pausesOf } from './frontier.ts';
import { impossible } from './impossible.ts';
import { isExpired } from './presence.ts';
import type { Grace } from './presence.ts';
import type { AttemptLease, KillSubject, Snapshot, TaskView } from './snapshot.ts';
import type { LostWhy, Waiting } from './waiting.ts';

/** One thing that a cycle will do. */
export type Command =
  | { readonly kind: 'kill'; readonly intentId: number; readonly subject: KillSubject }
  | {
      readonly kind: 'recover';
      readonly taskId: string;
      readonly attempt: number;
      readonly token: number;
      readonly why: LostWhy;
      /** With others, or while no scheduler looked: it says little of this task. */
      readonly together: boolean;
    }
  | { readonly kind: 'integrate'; readonly accepted: number; readonly openLandings: number }
  | {
      readonly kind: 'dispatch';
      readonly taskId: string;
      readonly title: string;
      /** Spec of the agent that was chosen: the first one of the task's whose pool has room. */
      readonly agent: string;
      readonly pool: string | null;
      /** What was made is approved, and goes on at its gate: no agent starts. */
      readonly phase?: 'gating';
    };

/**
 * What one cycle does, in order: end what is to be ended, recover, integrate, dispatch. Pure and idempotent: the same snapshot gives the same
 * commands, and once they are carried out a next plan does not repeat them. `only`: start no other task than this.
 */
export function plan(snapshot: Snapshot, nowMs: number, only: string | null = null): Command[] {
  return [...kills(snapshot), ...recoveries(snapshot), ...integration(snapshot), ...dispatches(snapshot, nowMs, only)];
}

/** Why a lease is lost, or null while it holds. One whose owner is dead is lost at once, whoever was away. */
export function lostWhy(lease: AttemptLease, monotonicMs: number, graces: readonly Grace[]): LostWhy | null {
  switch (lease.owner) {
    case 'elsewhere':
      return 'rebooted';
    case 'dead':
      return 'owner-dead';
    case 'unclaimed':
      return isExpired(lease.expiresMonotonicMs, monotonicMs, graces) ? 'unclaimed' : null;
    case 'live':
      return isExpired(lease.expiresMonotonicMs, monotonicMs, graces) ? 'expired' : null;
    default:
      throw impossible(lease.owner satisfies never);
  }
}

/** Every reason why the task does not move; empty for one that moves. The frontier is that of an unchanged snapshot. */
export function waitingOf(task: TaskView, snapshot: Snapshot, frontier: Frontier): Waiting[] {
  const { state } = task;
  switch (state.status) {
    case 'ready':
      return [...frontier.refusals(task)];
    case 'blocked':
      return state.on.kind === 'question'
        ? [{ reason: 'question', text: state.on.text }]
        : [
            {
              reason: 'approval',
              hash: state.on.hash,
              paths: state.on.paths,
              ...(state.on.merged === true ? { merged: true } : {}),
            },
          ];
    case 'accepted':
    case 'landing': {
      const waiting: Waiting[] = [];
      if (snapshot.landingBlocked !== null) waiting.push({ reason: 'landing-blocked', why: snapshot.landingBlocked });
      if (snapshot.disk.landing !== null) waiting.push({ reason: 'disk', ...snapshot.disk.landing });
      waiting.push(...pausesOf(snapshot, (subject) => subject.of === 'train'));
      if (snapshot.stopped !== null)
        waiting.push({ reason: 'stopped', by: snapshot.stopped.by, why: snapshot.stopped.why });
      if (state.status === 'accepted') waiting.push({ reason: 'train', ahead: trainPosition(task, snapshot) });
      return waiting;
    }
    case 'parked':
      return [{ reason: 'parked', why: state.why }];
    case 'running': {
      const lease = snapshot.leases.find(({ taskId }) => taskId === task.id);
      const why = lease === undefined ? null : lostWhy(lease, snapshot.monotonicMs, snapshot.graces);
      return why === null ? [] : [{ reason: 'lost', why }];
    }
    case 'proposed':
    case 'in-review':
    case 'landed':
    case 'cancelled':
    case 'superseded':
      return [];
    default:
      throw impossible(state satisfies never);
  }
}

/** Nothing runs, lands or will start by itself any more. `only`: no other task than this one would be started. */
export function isSettled(snapshot: Snapshot, nowMs: number, only: string | null = null): boolean {
  const frontier = new Frontier(snapshot, nowMs);
  const { train } = snapshot;
  const nothingLands = snapshot.landingBlocked !== null || snapshot.stopped !== null;
  return snapshot.tasks.every((task) => {
    if (task.state.status === 'running') return false;
    if (task.state.status === 'accepted') return nothingLands;
    // Left on board by a train that died: nothing takes it further before a landing is possible again.
    if (task.state.status === 'landing') return nothingLands && !train.live && train.openLandings === 0;
    if (task.state.status !== 'ready' || (only !== null && task.id !== only)) return true;
    for (const waiting of frontier.refusals(task)) {
      if (LASTING.has(waiting.reason)) return true;
      if (waiting.reason === 'budget' && waiting.of === 'run') return true;
    }
    return frontier.choose(task).lasts && !isAtGate(task);
  });
}

/** Nothing runs, and nothing that is accepted can land by itself. Whether more could start is no matter to a drain. */
export function isDrained(snapshot: Snapshot): boolean {
  const { tasks, train, pauses, stopped, landingBlocked, disk } = snapshot;
  if (snapshot.kills.length > 0 || train.live || train.openLandings > 0) return false;
  const nothingLands =
    stopped !== null ||
    landingBlocked !== null ||
    disk.landing !== null ||
    pauses.some(({ subject }) => subject.of === 'train');
  return tasks.every(({ state: { status } }) => {
    if (status === 'running') return false;
    return nothingLands || (status !== 'accepted' && status !== 'landing');
  });
}

/** Reasons that only a person, or the end of another task, takes away. */
const LASTING: ReadonlySet<Waiting['reason']> = new Set([
  'stopped',
  'failures',
  'problem',
  'cycle',
  'dependency',
  'scope',
  'backlog',
]);

function kills(snapshot: Snapshot): Command[] {
  return snapshot.kills.map(({ intentId, subject }) => ({ kind: 'kill', intentId, subject }));
}

function recoveries(snapshot: Snapshot): Command[] {
  const lost = snapshot.leases.flatMap((lease) => {
    const why = lostWhy(lease, snapshot.monotonicMs, snapshot.graces);
    return why === null ? [] : [{ lease, why }];
  });
  return lost.map(({ lease: { taskId, attempt, token }, why }) => {
    const together = lost.length > 1 || snapshot.isFirstLook || why === 'rebooted';
    return { kind: 'recover', taskId, attempt, token, why, together };
  });
}

function integration(snapshot: Snapshot): Command[] {
  const { openLandings, live } = snapshot.train;
  let accepted = 0;
  for (const task of snapshot.tasks) {
    if (task.state.status === 'accepted' || task.state.status === 'landing') accepted += 1;
  }
  // The last train is proved dead first.
  if (snapshot.kills.some(({ subject }) => subject.of === 'train')) return [];
  if (live || (accepted === 0 && openLandings === 0)) return [];
  // An open landing is finished whatever else holds: its outcome decides what may be cancelled.
  const isPaused = snapshot.pauses.some(({ subject }) => subject.of === 'train');
  const isBlocked =
    isPaused || snapshot.stopped !== null || snapshot.landingBlocked !== null || snapshot.disk.landing !== null;
  if (openLandings === 0 && isBlocked) return [];
  return [{ kind: 'integrate', accepted, openLandings }];
}

function dispatches(snapshot: Snapshot, nowMs: number, only: string | null): Command[] {
  const frontier = new Frontier(snapshot, nowMs);
  const commands: Command[] = [];
  if (frontier.full) return commands;
  for (const { task, refusal, agent } of turns(snapshot, frontier, only)) {
    if (refusal === null) commands.push(dispatchOf(task, agent));
    if (frontier.full) break;
  }
  return commands;
}

function dispatchOf(task: TaskView, agent: AgentChoice | null): Command {
  const { id: taskId, title } = task;
  const spec = agent?.spec ?? task.agents[0]?.spec ?? '';
  if (isAtGate(task)) return { kind: 'dispatch', taskId, title, agent: spec, pool: null, phase: 'gating' };
  return { kind: 'dispatch', taskId, title, agent: spec, pool: agent?.pool ?? null };
}

/**
 * The ready tasks in the order in which they get their turn. One without a refusal counts as started from then on. Until
 * the next turn the frontier says of a refused task all that holds it back.
 */
export function* turns(
  snapshot: Snapshot,
  frontier: Frontier,
  only: string | null = null,
): Iterable<{ readonly task: TaskView; readonly refusal: Waiting | null; readonly agent: AgentChoice | null }> {
  const ready = snapshot.tasks
    .filter((task) => task.state.status === 'ready' && (only === null || task.id === only))
    .toSorted(dispatchOrder);
  for (const task of ready) {
    const [refusal] = frontier.refusals(task);
    const { agent } = frontier.choose(task);
    if (refusal === undefined) frontier.start(task);
    yield { task, refusal: refusal ?? null, agent };
  }
}

function trainPosition(task: TaskView, snapshot: Snapshot): number {
  return snapshot.tasks.filter(
    (other) =>
      other.state.status === 'landing' || (other.state.status === 'accepted' && dispatchOrder(other, task) < 0),
  ).length;
}
