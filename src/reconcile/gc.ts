import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { planGc } from '../core/gc-plan.ts';
import type { GcDecision, Kept } from '../core/gc-plan.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { listRefs, setRefs } from '../git/depot.ts';
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
const REFS_OF_TASKS = /^refs\/yard\/(?:attempt|salvage|commits)\/([^/]+)\//;

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
  const { config, pinHash } = await settings.current();
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
    currentPin: `pins/${pinHash}.json`,
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
    const [, id] = REFS_OF_TASKS.exec(name) ?? [];
    if (id === undefined) continue;
    const owner = ownerOf(id);
    kept.push({ kind: 'ref', name, task: owner, usedMs: owner?.usedMs ?? 0, sizeBytes: 0 });
  }
  return kept;
}

/** Directories of the state in which each entry is one thing, and what an entry's name says of its task. */
const PLACES: readonly { readonly kind: Kept['kind']; readonly within: string; readonly taskOf: RegExp | null }[] = [
  { kind: 'evidence', within: 'attempts', taskOf: /^(.+)$/ },
  { kind: 'train-evidence', within: 'train', taskOf: /^(.+)$/ },
  { kind: 'log', within: 'logs', taskOf: /^(.+)\.log$/ },
  { kind: 'lane', within: 'lanes', taskOf: /^([^.]+)$/ },
  { kind: 'pin', within: 'pins', taskOf: null },
  { kind: 'prewarm', within: 'prewarm', taskOf: null },
];

function gatherFiles({ stateDirectory, ownerOf }: Gathering): Kept[] {
  return PLACES.flatMap(({ kind, within, taskOf }) => {
    const directory = join(stateDirectory, within);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names.flatMap((name): Kept[] => {
      const path = join(directory, name);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      const id = taskOf === null ? name : taskOf.exec(name)?.[1];
      // Half-made things and indexes go with what they belong to.
      if (stat === undefined || id === undefined || name.startsWith('.') || name.endsWith('.making')) return [];
      const task = taskOf === null ? null : ownerOf(id);
      const usedMs = task?.usedMs ?? stat.mtimeMs;
      return [{ kind, name: `${within}/${name}`, task, usedMs, sizeBytes: treeSize(path) }];
    });
  });
}

export type DepotWork = 'pruned' | 'repacked' | 'left';

export interface Collected {
  readonly depot: DepotWork;
  /** As they were carried out: a lane whose work cannot be kept elsewhere stays. */
  readonly decisions: readonly GcDecision[];
}

/**
 * Carries the decisions out. `hasLease`: the caller holds the scheduler's lease; without it (see `withoutLease`) the depot
 * is left alone.
 */
export async function carryOutGc(
  yard: LocalYard,
  planned: readonly GcDecision[],
  hasLease: boolean,
): Promise<Collected> {
  const { depot, stateDirectory, store } = yard;
  const decisions: GcDecision[] = [];
  for (const one of planned) {
    decisions.push(one.kind === 'lane' && one.remove ? await endOne(yard, one) : one);
    if (one.remove && one.kind !== 'ref' && one.kind !== 'lane') await removeTree(join(stateDirectory, one.name));
  }
  if (!hasLease) return { depot: 'left', decisions };
  const refs = decisions.flatMap(({ kind, name, remove }) => (kind === 'ref' && remove ? [[name, null] as const] : []));
  if (refs.length > 0) await setRefs(depot, Object.fromEntries(refs));
  const lends = decisions.some(({ kind, remove }) => kind === 'lane' && !remove);
  const prune = !lends && !(await isBusy(yard)) && (await store.openIntents()).length === 0;
  await repackDepot(depot, prune);
  return { depot: prune ? 'pruned' : 'repacked', decisions };
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
