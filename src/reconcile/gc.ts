import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { planGc } from '../core/gc-plan.ts';
import type { GcDecision, Kept } from '../core/gc-plan.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { HOMES } from '../agents/agent-home.ts';
import { listRefs, setRefs } from '../git/depot.ts';
import { KEPT_WHOLE } from '../git/keep-whole.ts';
import { repackDepot } from '../git/repack.ts';
import { removeTree } from '../process/removal.ts';
import { treeSize } from '../process/tree-size.ts';
import { isHeld } from '../store/lease-holder.ts';
import { endLane } from './end-lane.ts';
import type { LocalYard } from './yard.ts';

/*
 * Removes what a yard no longer needs. Invariants:
 * 1. What goes is decided by `planGc` alone; here facts are gathered and decisions carried out.
 * 2. Each removal stands for itself: killed at any point, the next collection goes on with what is left.
 * 3. Objects of the depot are pruned only while no attempt, no train, no lane and no open intent could need one, by the
 *    holder of the scheduler's lease, so that nothing can start meanwhile.
 */

/** Refs of tasks, below `refs/yard/`; `base` and `lane` belong to lanes. */
const REFS_OF_TASKS = /^refs\/yard\/(attempt|salvage|commits)\/([^/]+)\//;

interface Owner {
  readonly id: string;
  readonly status: TaskStatus;
  readonly usedMs: number;
}

interface Gathering {
  readonly stateDirectory: string;
  readonly ownerOf: (id: string) => Owner | null;
}

/** What is there, and what is to become of each. Reads only. */
export async function gcDecisions(yard: LocalYard): Promise<GcDecision[]> {
  const { store, host, stateDirectory, settings } = yard;
  const { config } = await settings.current();
  const rows = new Map((await store.rows()).map((row) => [row.id, row]));
  const ownerOf = (id: string): Owner | null => {
    const row = rows.get(id);
    return row === undefined ? null : { id, status: row.state.status, usedMs: row.updatedMs };
  };
  return planGc([...(await refsOf(yard, ownerOf)), ...gatherFiles({ stateDirectory, ownerOf })], {
    nowMs: host.clock.nowMs(),
    keepDays: config.gc.keepDays,
    maxSizeBytes: config.gc.maxSizeBytes,
    busy: await isBusy(yard),
    busyTasks: await busyTasks(yard),
    currentPin: settings.remembered === null ? null : `pins/${settings.remembered}.json`,
  });
}

/** An attempt or the train lives. */
async function isBusy({ store, host }: LocalYard): Promise<boolean> {
  const leases = await store.leases();
  const works = leases.some((lease) => lease.resource !== 'scheduler' && isHeld(lease, host));
  return works || (await store.rows(['running'])).length > 0;
}

/** Read after the rows: a task that was called off has its lease until its processes are proved dead. */
async function busyTasks({ store }: LocalYard): Promise<ReadonlySet<string>> {
  const ids = (await store.leases()).flatMap(({ resource }) =>
    resource.startsWith('task:') ? [resource.slice('task:'.length)] : [],
  );
  for (const { intent } of await store.openIntents()) {
    if (intent.kind === 'kill' && intent.subject.of !== 'train') ids.push(intent.subject.taskId);
  }
  return new Set(ids);
}

async function refsOf({ depot }: LocalYard, ownerOf: Gathering['ownerOf']): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const name of (await listRefs(depot, 'refs/yard')).keys()) {
    const [, of, id] = REFS_OF_TASKS.exec(name) ?? [];
    if (id === undefined) continue;
    const owner = ownerOf(id);
    kept.push({
      kind: of === 'attempt' ? 'ref' : 'salvaged',
      name,
      task: owner,
      usedMs: owner?.usedMs ?? 0,
      sizeBytes: 0,
    });
  }
  return kept;
}

/**
 * Directories of the state in which each entry is one thing, and what an entry's name says of its task. Lanes come first:
 * a lane may be moved into the evidence meanwhile, and is seen here or there.
 */
const PLACES: readonly { readonly kind: Kept['kind']; readonly within: string; readonly taskOf: RegExp | null }[] = [
  { kind: 'lane', within: 'lanes', taskOf: /^([^.]+)$/ },
  { kind: 'home', within: HOMES, taskOf: /^([^.]+)$/ },
  { kind: 'evidence', within: 'attempts', taskOf: /^(.+)$/ },
  { kind: 'train-evidence', within: 'train', taskOf: /^(.+)$/ },
  { kind: 'log', within: 'logs', taskOf: /^(.+)\.log$/ },
  { kind: 'pin', within: 'pins', taskOf: null },
  { kind: 'prewarm', within: 'prewarm', taskOf: null },
];

function gatherFiles({ stateDirectory, ownerOf }: Gathering): Kept[] {
  return PLACES.flatMap(({ kind, within, taskOf }) => {
    const directory = join(stateDirectory, within);
    const entries = existsSync(directory) ? readdirSync(directory) : [];
    return entries.flatMap((name): Kept[] => {
      const path = join(directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      const id = taskOf === null ? name : taskOf.exec(name)?.[1];
      // Half-made things and indexes go with what they belong to.
      if (stat === undefined || id === undefined || name.startsWith('.') || name.endsWith('.making')) return [];
      const task = taskOf === null ? null : ownerOf(id);
      const usedMs = task?.usedMs ?? stat.mtimeMs;
      const names = kind === 'evidence' ? aroundKeptLanes(stateDirectory, `${within}/${name}`) : [`${within}/${name}`];
      return names.map((each) => ({
        kind: KEPT_WHOLE.test(basename(each)) ? 'salvaged' : kind,
        name: each,
        task,
        usedMs,
        sizeBytes: treeSize(join(stateDirectory, each)),
      }));
    });
  });
}

/**
 * The evidence of a task as one thing; where lanes were kept whole in it, those by themselves, and each of the other
 * entries, which may go around them.
 */
function aroundKeptLanes(stateDirectory: string, evidence: string): string[] {
  const within = (directory: string): string[] =>
    lstatSync(join(stateDirectory, directory), { throwIfNoEntry: false })?.isDirectory() === true
      ? readdirSync(join(stateDirectory, directory)).map((name) => `${directory}/${name}`)
      : [];
  const holds = (directory: string): boolean => within(directory).some((path) => KEPT_WHOLE.test(basename(path)));
  const attempts = within(evidence);
  if (!attempts.some(holds)) return [evidence];
  return attempts.flatMap((attempt) => (holds(attempt) ? within(attempt) : [attempt]));
}

export type DepotWork = 'pruned' | 'repacked' | 'left';

export interface Collected {
  readonly depot: DepotWork;
  /** As they were carried out: a lane whose work cannot be kept elsewhere stays. */
  readonly decisions: readonly GcDecision[];
}

/** The lease of the scheduler, as long as it is held. */
export interface GcLease {
  /** Fires when somebody else has taken over. */
  readonly lost: AbortSignal;
  /** Throws when it is lost (`stale-token`). */
  renew(): Promise<void>;
}

const LEASE_LOST = 'the lease of this collection was lost: another process may need it';

/**
 * Carries the decisions out, as long as the scheduler's lease is held; without one (null; see `withoutLease`) the depot is
 * left alone.
 */
export async function carryOutGc(
  yard: LocalYard,
  planned: readonly GcDecision[],
  lease: GcLease | null,
): Promise<Collected> {
  const decisions: GcDecision[] = [];
  for (const one of planned) {
    if (!one.remove || one.kind === 'ref') decisions.push(one);
    else if (lease?.lost.aborted === true) decisions.push({ ...one, remove: false, why: LEASE_LOST });
    else decisions.push(await (one.kind === 'lane' ? endOne(yard, one) : removeOne(yard, one)));
  }
  if (lease === null) return { depot: 'left', decisions };
  try {
    return { depot: await tidyDepot(yard, decisions, lease), decisions };
  } catch (error) {
    const isStale = error instanceof Error && 'code' in error && error.code === 'stale-token';
    if (!isStale && !lease.lost.aborted) throw error;
  }
  const isThere = await listRefs(yard.depot, 'refs/yard');
  const lost = ({ kind, name, remove }: GcDecision): boolean => kind === 'ref' && remove && isThere.has(name);
  return {
    depot: 'left',
    decisions: decisions.map((one) => (lost(one) ? { ...one, remove: false, why: LEASE_LOST } : one)),
  };
}

async function tidyDepot(
  yard: LocalYard,
  decisions: readonly GcDecision[],
  lease: GcLease,
): Promise<Exclude<DepotWork, 'left'>> {
  const { depot, store } = yard;
  const refs = decisions.flatMap(({ kind, name, remove }) => (kind === 'ref' && remove ? [[name, null] as const] : []));
  await lease.renew();
  if (refs.length > 0) await setRefs(depot, Object.fromEntries(refs));
  const lends = decisions.some(({ kind, remove }) => kind === 'lane' && !remove);
  const prune = !lends && !(await isBusy(yard)) && (await store.openIntents()).length === 0;
  // After the look: what was free then is so still, as long as the lease was held throughout.
  await repackDepot(depot, prune, { signal: lease.lost, permit: () => lease.renew() });
  return prune ? 'pruned' : 'repacked';
}

async function removeOne({ stateDirectory }: LocalYard, decision: GcDecision): Promise<GcDecision> {
  const removal = await removeTree(join(stateDirectory, decision.name));
  if (removal.kind === 'removed') return decision;
  return { ...decision, remove: false, why: `it could not be removed, and is at ${removal.path} now: ${removal.why}` };
}

async function endOne(yard: LocalYard, decision: GcDecision): Promise<GcDecision> {
  const record = decision.task === null ? null : await yard.store.task(decision.task.id);
  if (record === null) return { ...decision, remove: false, why: 'the store does not know its task any more' };
  const end = await endLane(yard, { taskId: record.spec.id, attempt: record.attempts });
  return end.kind === 'retired' ? decision : { ...decision, remove: false, why: `it stays: ${end.why}` };
}

/** Bytes of what a decision list removes. */
export function removedBytes(decisions: readonly GcDecision[]): number {
  return decisions.reduce((sum, { remove, sizeBytes }) => sum + (remove ? sizeBytes : 0), 0);
}
