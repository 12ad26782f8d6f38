import type { TaskStatus } from './task-state.ts';

/** What a yard keeps besides its store, one by one. */
export interface Kept {
  /** `salvaged`: what an agent wrote and what did not land, in the depot or whole in the evidence. */
  readonly kind: 'evidence' | 'train-evidence' | 'log' | 'lane' | 'home' | 'ref' | 'salvaged' | 'pin' | 'prewarm';
  /** Relative to the state directory; of a ref its full name. */
  readonly name: string;
  /** Whose it is, and how that task stands; null for what belongs to no task, or to one that the store does not know. */
  readonly task: { readonly id: string; readonly status: TaskStatus } | null;
  /** When its task last changed; of what belongs to none, when it was made. */
  readonly usedMs: number;
  /** 0 for a ref: what it names is freed by a repack, and shared. */
  readonly sizeBytes: number;
}

export interface GcDecision extends Kept {
  readonly remove: boolean;
  readonly why: string;
}

export interface GcLimits {
  readonly nowMs: number;
  readonly keepDays: number;
  /** For the evidence of landed tasks, all together. */
  readonly maxSizeBytes: number;
  /** An attempt or the train works by a pin, and may be copying what was prewarmed. */
  readonly busy: boolean;
  /** Tasks that something may still be writing for: processes that are not proved dead. */
  readonly busyTasks: ReadonlySet<string>;
  /** Pin that is in force. */
  readonly currentPin: string | null;
}

/** Whoever ends the lane may move it into the evidence at this very moment. */
const LANE_TO_COME = 'its task still has a lane, which may yet be kept there';

const DAY_MS = 24 * 3_600_000;

/**
 * What a collection removes and what it keeps, each with the reason. Whatever may hold work that has not landed stays:
 * everything of a task that has not landed, what was salvaged of any task, and whatever is not recognised. The lane of a
 * task that was called off is removed as a lane is: what it holds is kept first. (Commits of attempts go when their task
 * has landed: what one made, the next went on with.)
 */
export function planGc(kept: readonly Kept[], limits: GcLimits): GcDecision[] {
  const withLane = new Set(kept.flatMap(({ kind, task }) => (kind === 'lane' && task !== null ? [task.id] : [])));
  const decisions = kept.map((one) =>
    one.kind === 'evidence' && one.task?.status === 'landed' && withLane.has(one.task.id)
      ? { ...one, remove: false, why: LANE_TO_COME }
      : decideOne(one, limits),
  );
  return shrink(decisions, limits.maxSizeBytes);
}

function decideOne(one: Kept, limits: GcLimits): GcDecision {
  const keep = (why: string): GcDecision => ({ ...one, remove: false, why });
  const ageDays = Math.floor((limits.nowMs - one.usedMs) / DAY_MS);
  const isOld = ageDays >= limits.keepDays;
  if (one.kind === 'pin' || one.kind === 'prewarm') {
    if (one.kind === 'pin' && one.name === limits.currentPin) return keep('it is in force');
    if (!isOld) return keep(`younger than ${limits.keepDays} days`);
    if (limits.busy) return keep('something runs that may use it');
    return { ...one, remove: true, why: `${ageDays} days old, and made anew when it is needed` };
  }
  if (one.kind === 'salvaged') return keep('it is work that did not land, and there is no other copy: yard salvage');
  if (one.task === null) return keep('it belongs to no task of this yard');
  if (one.kind === 'home') return decideHome(one, one.task, limits);
  if (one.kind === 'lane' && isCalledOff(one.task.status)) return decideLane(one, one.task, ageDays, limits);
  if (one.task.status !== 'landed') return keep(`${one.task.id} is ${one.task.status} and has not landed`);
  if (one.kind === 'lane') return keep('a lane that outlived its landing may hold work of its own: yard salvage');
  if (!isOld) return keep(`${one.task.id} landed less than ${limits.keepDays} days ago`);
  return { ...one, remove: true, why: `${one.task.id} landed ${daysAgo(ageDays)}` };
}

function daysAgo(days: number): string {
  return days === 0 ? 'today' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
}

function isCalledOff(status: TaskStatus): boolean {
  return status === 'cancelled' || status === 'superseded';
}

/** Where agents kept the sessions of a task: of no use once it is over. */
function decideHome(one: Kept, { id, status }: NonNullable<Kept['task']>, { busyTasks }: GcLimits): GcDecision {
  if (status !== 'landed' && !isCalledOff(status)) return { ...one, remove: false, why: `${id} is ${status}` };
  if (busyTasks.has(id)) return { ...one, remove: false, why: `processes of ${id} are being ended` };
  return { ...one, remove: true, why: `${id} is ${status}: no session of its agents is gone on with` };
}

/** Nobody will work in it again. A parked task may be put back, and goes on with what its lane holds. */
function decideLane(
  one: Kept,
  { id, status }: NonNullable<Kept['task']>,
  ageDays: number,
  { keepDays, busyTasks }: GcLimits,
): GcDecision {
  if (ageDays < keepDays) return { ...one, remove: false, why: `${id} was ${status} less than ${keepDays} days ago` };
  if (busyTasks.has(id)) return { ...one, remove: false, why: `processes of ${id} are being ended` };
  return { ...one, remove: true, why: `${id} was ${status} ${daysAgo(ageDays)}; what the lane holds is salvaged` };
}

/** Of what would go, what another process may reach at this very moment stays: for a caller that has no lease. */
export function withoutLease(decisions: readonly GcDecision[]): GcDecision[] {
  const shared: ReadonlySet<Kept['kind']> = new Set(['lane', 'home', 'pin', 'prewarm', 'ref']);
  const isShared = ({ kind }: GcDecision): boolean => shared.has(kind);
  return decisions.map((one) =>
    one.remove && isShared(one) ? { ...one, remove: false, why: 'it goes when there is room to take a lease' } : one,
  );
}

/** Beyond the size, the evidence of landed tasks goes too: the oldest first. */
function shrink(decisions: readonly GcDecision[], maxSizeBytes: number): GcDecision[] {
  const left = decisions.filter(
    ({ kind, remove, task, why }) =>
      kind === 'evidence' && !remove && task?.status === 'landed' && why !== LANE_TO_COME,
  );
  let sizeBytes = left.reduce((sum, one) => sum + one.sizeBytes, 0);
  const doomed = new Set<GcDecision>();
  for (const one of left.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (sizeBytes <= maxSizeBytes) break;
    sizeBytes -= one.sizeBytes;
    doomed.add(one);
  }
  return decisions.map((one) =>
    doomed.has(one) ? { ...one, remove: true, why: 'the evidence of landed tasks is larger than gc.maxSize' } : one,
  );
}
