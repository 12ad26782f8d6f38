import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { isFinal } from '../../core/task-state.ts';
import type { TaskState } from '../../core/task-state.ts';
import { listRefs, resolveAll, setRefs } from '../../git/depot.ts';
import type { Depot } from '../../git/depot.ts';
import { lanePaths } from '../../git/lane-names.ts';
import { findLeftovers, removeLeftovers } from '../../git/leftovers.ts';
import { BROKEN_REFS, putAsideLostRefs } from '../../git/lost-refs.ts';
import { findCorruptObjects, findDamage, objectsOf } from '../../git/object-damage.ts';
import { repairDepot } from '../../git/object-repair.ts';
import { toRefName } from '../../git/repository.ts';
import { findLock } from '../../git/stale-lock.ts';
import { clearTargetLock } from '../../git/target-lock.ts';
import { TARGET_RECORD } from '../../git/target-sync.ts';
import { isLaneAtRest } from '../../store/lane-rest.ts';
import { fail, NEVER_RAN, pass, skip, warn } from './check.ts';
import type { Check, Finding, Hands, NotRepaired } from './check.ts';
import type { Patient } from './patient.ts';

/** The commits that everything else goes by. */
export const depotChecks: readonly Check[] = [
  { id: 'depot', requires: ['state-directory'], examine: examineDepot, repair: repairObjects },
  { id: 'refs', requires: ['store', 'depot'], looksAt: ['reading'], examine: examineRefs, repair: repairRefs },
  { id: 'locks', requires: ['state-directory'], examine: examineLocks, repair: repairLocks },
];

const SAFE = 'What has landed is in your repository, and nothing lands that cannot be read.';

function depotOf(patient: Patient): Pick<Depot, 'path' | 'format'> | null {
  const path = join(patient.know('places').directory, 'depot.git');
  return existsSync(path) ? { path, format: patient.know('repository').format } : null;
}

async function examineDepot(patient: Patient): Promise<Finding> {
  const depot = depotOf(patient);
  if (depot === null) {
    const lived = (patient.may('rows') ?? []).some(({ attempts }) => attempts > 0);
    if (!lived) return skip(NEVER_RAN);
    return fail(
      'the depot is gone',
      'Restore depot.git from a copy, or cancel and add again what has not landed.',
      SAFE,
    );
  }
  if (patient.quick) return pass(`${depot.path}, unread: --quick`);
  const corrupt = findCorruptObjects(depot);
  const damage = await findDamage(depot);
  if (damage === null && corrupt.length === 0) return pass('every object is there');
  const oids = new Set([...corrupt.map(({ oid }) => oid), ...(damage?.oids ?? [])]);
  const whose = await tasksOf(patient, depot, oids);
  const said = damage?.said ?? `${corrupt.length} objects are not what their names say`;
  return fail(
    `the depot ${depot.path} is damaged: ${said}${whose.length === 0 ? '' : `; it touches ${whose.join(', ')}`}`,
    'Look at the disk, then let yard doctor --repair bring what it can from your repository and the lanes.',
    SAFE,
  );
}

/** Whose work the damaged objects are part of. */
async function tasksOf(
  patient: Patient,
  depot: Pick<Depot, 'path' | 'format'>,
  oids: ReadonlySet<string>,
): Promise<string[]> {
  const touches = async (commit: string, known: string | null): Promise<boolean> => {
    const objects = await objectsOf(depot, commit, known);
    return objects === null || objects.some((oid) => oids.has(oid));
  };
  if (await touches(TARGET_RECORD, null)) return ['the history of the target'];
  const found: string[] = [];
  for (const { id, state } of patient.may('rows') ?? []) {
    const commit = isFinal(state.status) ? null : commitOf(state);
    if (commit !== null && (await touches(commit, TARGET_RECORD))) found.push(id);
  }
  return found;
}

/** The commit without which a task cannot go on. */
function commitOf(state: TaskState): string | null {
  switch (state.status) {
    case 'accepted':
    case 'landing':
    case 'in-review':
      return state.head;
    case 'blocked':
      return state.on.kind === 'approval' ? state.on.head : null;
    case 'ready':
    case 'running':
      return state.entry.phase === 'gating' ? state.entry.head : null;
    default:
      return null;
  }
}

async function repairObjects(_: Patient, { yard }: Hands): Promise<(string | NotRepaired)[]> {
  const { depot, repository, stateDirectory, store, host } = yard;
  const rows = await store.rows();
  const { setAside, restored, left } = await repairDepot({
    depot,
    repository,
    stateDirectory,
    taskIds: rows.filter(({ state }) => !isFinal(state.status)).map(({ id }) => id),
    isAtRest: (taskId) => isLaneAtRest({ store, host, stateDirectory }, taskId),
  });
  const lines: (string | NotRepaired)[] = [];
  if (setAside.length > 0)
    lines.push(`${setAside.length} damaged objects were moved to ${join(depot.path, 'damaged')}`);
  if (restored.length > 0) lines.push(`${restored.length} objects were restored from another copy`);
  if (left === null) return lines;
  const broken = await putAsideLostRefs(depot, 'refs/yard/');
  if (broken.length > 0)
    lines.push(`${broken.length} refs name what is lost, and were moved to ${join(depot.path, BROKEN_REFS)}`);
  const damage = await findDamage(depot);
  if (damage !== null) lines.push({ notRepaired: `no other copy was found of what is still damaged: ${damage.said}` });
  return lines;
}

async function examineRefs(patient: Patient): Promise<Finding> {
  const depot = depotOf(patient);
  if (depot === null) return skip('there is no depot');
  const rows = patient.know('rows');
  const wanted = rows.flatMap(({ id, state }) => {
    const commit = commitOf(state);
    return commit === null ? [] : [{ id, commit }];
  });
  const found = await resolveAll(
    depot,
    wanted.map(({ commit }) => commit),
  );
  const missing = wanted.filter((_, index) => found[index] !== 'commit');
  if (missing.length > 0) {
    return fail(
      `the depot lacks the commit of ${missing.map(({ id, commit }) => `${id} (${commit.slice(0, 12)})`).join(', ')}`,
      'yard run makes accepted tasks again; refuse or cancel one that waits for a person.',
      SAFE,
    );
  }
  const { stale, unknown } = await sortRefs(depot, rows);
  if (stale.length > 0) {
    return warn(
      `${stale.length} refs of landed tasks are left in the depot`,
      'yard doctor --repair removes them.',
      SAFE,
    );
  }
  if (unknown.length > 0) {
    return warn(
      `${unknown.length} refs of the depot belong to no attempt that the store knows, such as ${unknown[0] ?? ''}`,
      'They hold the work of an earlier store, and are kept.',
      SAFE,
    );
  }
  return pass(`${wanted.length} ${wanted.length === 1 ? 'commit is' : 'commits are'} where the store says`);
}

async function sortRefs(
  depot: Pick<Depot, 'path'>,
  rows: readonly { readonly id: string; readonly attempts: number; readonly state: TaskState }[],
): Promise<{ stale: string[]; unknown: string[] }> {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const stale: string[] = [];
  const unknown: string[] = [];
  for (const ref of (await listRefs(depot, 'refs/yard')).keys()) {
    const [, , kind = '', id = '', attempt = '0'] = ref.split('/');
    if (ref === TARGET_RECORD || !['attempt', 'base', 'lane', 'salvage'].includes(kind)) continue;
    const row = byId.get(id);
    const isOfLane = kind === 'base' || kind === 'lane';
    if (row === undefined || (!isOfLane && Number.parseInt(attempt, 10) > row.attempts)) unknown.push(ref);
    else if (isOfLane && row.state.status === 'landed' && !hasLane(depot, id)) stale.push(ref);
  }
  return { stale, unknown };
}

/** While the lane stands, it is that which goes first, with its refs. */
function hasLane(depot: Pick<Depot, 'path'>, taskId: string): boolean {
  return existsSync(lanePaths(dirname(depot.path), taskId).directory);
}

async function repairRefs(_: Patient, { yard }: Hands): Promise<string[]> {
  const { stale } = await sortRefs(yard.depot, await yard.store.rows());
  if (stale.length === 0) return [];
  await setRefs(yard.depot, Object.fromEntries(stale.map((ref) => [ref, null])));
  return [`${stale.length} refs of landed tasks were removed`];
}

function examineLocks(patient: Patient): Promise<Finding> {
  const depot = depotOf(patient);
  const stale = depot === null ? [] : findLeftovers(depot).filter(({ isStale }) => isStale);
  const target = targetLock(patient);
  if (target !== null) {
    return Promise.resolve(
      warn(
        `the target is locked: ${target}`,
        'A lock of our own goes with the next landing, or yard doctor --repair. If no git of yours runs, remove it.',
        'Nothing lands meanwhile; nothing is lost.',
      ),
    );
  }
  const [first] = stale;
  if (first === undefined) return Promise.resolve(pass('none are left behind'));
  return Promise.resolve(
    warn(
      `a git that was killed has left ${stale.length} ${stale.length === 1 ? 'file' : 'files'} in the depot, such as ${first.path}`,
      'They go when they are in the way; yard doctor --repair removes them now.',
      'They hold nothing that counts.',
    ),
  );
}

function targetLock(patient: Patient): string | null {
  const target = patient.may('config')?.target;
  if (target === undefined) return null;
  const path = join(patient.know('repository').commonDirectory, `${toRefName(target)}.lock`);
  return findLock(path)?.path ?? null;
}

async function repairLocks(_: Patient, { yard }: Hands): Promise<string[]> {
  const { depot, repository, store, settings } = yard;
  const lines = (await removeLeftovers(depot)).map(({ path, removal }) =>
    removal.kind === 'removed' ? `${path} was removed` : `${removal.path} could not be removed: ${removal.why}`,
  );
  const ref = toRefName((await settings.current()).config.target);
  const open = (await store.openIntents()).find(({ intent }) => intent.kind === 'land');
  const to = open?.intent.kind === 'land' ? open.intent.newCommit : '';
  const since = open === undefined ? {} : { sinceMs: open.openedMs };
  if (await clearTargetLock({ repository, depot, ref, to, ...since })) {
    lines.push(`the lock of a landing that died was removed from ${ref}`);
  }
  return lines;
}
