import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { excludedPaths } from '../../agents/excluded-paths.ts';
import type { Pin } from '../../config/pin.ts';
import type { Clock } from '../../core/clock.ts';
import type { Redactor } from '../../core/redact.ts';
import { compareIds } from '../../core/frontier.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { listRefs, setRefs } from '../../git/depot.ts';
import type { Depot } from '../../git/depot.ts';
import { GitError } from '../../git/git.ts';
import { openLane } from '../../git/lane.ts';
import { baseRefs } from '../../git/lane-names.ts';
import { COMMITS_REFS, commitsRefs } from '../../git/own-commits.ts';
import { IntegrityError } from '../../git/integrity-error.ts';
import { KEPT_WHOLE } from '../../git/keep-whole.ts';
import { SALVAGE_REFS, salvageLane, salvageRefs } from '../../git/salvage.ts';
import { listOwnCommits } from '../../git/own-list.ts';
import type { OwnCommit } from '../../git/own-list.ts';
import type { Refusal } from '../../git/walk.ts';
import type { StoreReader } from '../../store/store.ts';
import { laneUse } from './lane-use.ts';
import type { LaneUse } from './lane-use.ts';

/** Work that did not land, of one attempt, and where it is. */
export interface Find {
  /** `TASK-0001/2`; what was kept a second time: `TASK-0001/2-2`. */
  readonly id: string;
  readonly taskId: string;
  readonly attempt: number;
  /** Null: the store knows no such task. */
  readonly status: TaskStatus | null;
  /** `kept`: a commit under a salvage ref. `lane`: what the lane holds now. `beside`: only what no such commit holds. */
  readonly where: 'kept' | 'lane' | 'beside';
  /** The files, as a commit whose parent is the base. */
  readonly files: { readonly depot: Depot; readonly commit: string } | null;
  /** The agent's own commits: refs below this prefix of this depot. */
  readonly own: { readonly depot: Depot; readonly prefix: string } | null;
  /** Directories that were kept whole. */
  readonly directories: readonly string[];
  /** What the lane holds and no commit can. */
  readonly unholdable: readonly Refusal[];
  readonly busy: LaneUse['busy'];
}

const NOTHING = {
  where: 'beside' as const,
  files: null,
  own: null,
  directories: [],
  unholdable: [],
  busy: null,
};

export interface FindPlaces {
  readonly reader: StoreReader;
  readonly stateDirectory: string;
  readonly pin: Pin;
  readonly clock: Clock;
  readonly depot: Depot;
  /** Lanes are read into it: to look at them changes nothing. */
  readonly scratch: Depot;
  readonly redactor: Redactor;
}

/** All finds, or those of one task, by task and attempt. */
export async function findSalvage(places: FindPlaces, taskId: string | null): Promise<Find[]> {
  const finds = [...(await keptFinds(places, taskId)).values()];
  for (const id of lanesOn(places.stateDirectory)) {
    if (taskId !== null && id !== taskId) continue;
    const found = await laneFind(places, id, new Set(finds.map((find) => find.id)));
    if (found !== null) finds.push(found);
  }
  return finds.toSorted(
    (a, b) =>
      compareIds(a.taskId, b.taskId) || a.attempt - b.attempt || a.id.length - b.id.length || (a.id < b.id ? -1 : 1),
  );
}

async function keptFinds(
  { depot, reader, stateDirectory }: FindPlaces,
  only: string | null,
): Promise<Map<string, Find>> {
  const statuses = new Map((await reader.rows()).map((row) => [row.id, row.state.status]));
  const finds = new Map<string, Find>();
  const add = (taskId: string, name: string, more: Partial<Find>): void => {
    if (only !== null && taskId !== only) return;
    const id = `${taskId}/${name}`;
    const attempt = Number.parseInt(name, 10);
    const status = statuses.get(taskId) ?? null;
    const before = finds.get(id) ?? { ...NOTHING, id, taskId, attempt, status };
    finds.set(id, { ...before, ...more, directories: [...before.directories, ...(more.directories ?? [])] });
  };
  for (const [ref, commit] of await listRefs(depot, only === null ? SALVAGE_REFS : salvageRefs(only))) {
    const [taskId = '', name = ''] = ref.slice(SALVAGE_REFS.length + 1).split('/');
    add(taskId, name, { where: 'kept', files: { depot, commit } });
  }
  for (const ref of (await listRefs(depot, only === null ? COMMITS_REFS : `${COMMITS_REFS}/${only}`)).keys()) {
    const [taskId = '', name = ''] = ref.slice(COMMITS_REFS.length + 1).split('/');
    add(taskId, name, { own: { depot, prefix: commitsRefs(taskId, Number(name)) } });
  }
  for (const { taskId, attempt, path } of wholeLanes(stateDirectory, only)) {
    add(taskId, String(attempt), { directories: [path] });
  }
  return finds;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function lanesOn(stateDirectory: string): string[] {
  return namesIn(join(stateDirectory, 'lanes')).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
}

function* wholeLanes(
  stateDirectory: string,
  only: string | null,
): Iterable<{ readonly taskId: string; readonly attempt: number; readonly path: string }> {
  const attempts = join(stateDirectory, 'attempts');
  for (const taskId of only === null ? namesIn(attempts) : [only]) {
    for (const number of namesIn(join(attempts, taskId))) {
      for (const name of namesIn(join(attempts, taskId, number))) {
        const attempt = KEPT_WHOLE.exec(name)?.[1];
        if (attempt !== undefined)
          yield { taskId, attempt: Number(attempt), path: join(attempts, taskId, number, name) };
      }
    }
  }
}

/** What a lane holds, read as it is kept: but into the scratch depot. Null: nothing that has not landed. */
async function laneFind(places: FindPlaces, taskId: string, taken: ReadonlySet<string>): Promise<Find | null> {
  const before = await laneUse(places, places.clock, taskId);
  const { attempt, status } = before;
  let id = `${taskId}/${attempt}`;
  for (let again = 2; taken.has(id); again += 1) id = `${taskId}/${attempt}-${again}`;
  const find: Find = { ...NOTHING, id, taskId, attempt, status, where: 'lane', busy: before.busy };
  if (before.busy !== null) return find;
  const read = await tryToRead(places, taskId, attempt);
  const after = await laneUse(places, places.clock, taskId);
  if (after.busy !== null || after.attempt !== attempt) {
    const hint = 'Try again when it has ended.';
    return { ...find, busy: after.busy ?? { why: `${taskId} was started again just now`, hint } };
  }
  if (read instanceof Error) {
    const hint = 'Its lane is untouched. Mend the cause (is the disk full?) and try again.';
    return { ...find, busy: { why: `the lane of ${taskId} could not be read: ${read.message}`, hint } };
  }
  const isEmpty = read.files === null && read.own === null && read.unholdable.length === 0;
  return isEmpty ? null : { ...find, ...read };
}

type LaneContent = Pick<Find, 'files' | 'own' | 'unholdable' | 'directories'>;

/** What git or the system refuses (a full disk, a file that vanished) is told of with the lane; others can be read. */
async function tryToRead(places: FindPlaces, taskId: string, attempt: number): Promise<LaneContent | Error> {
  try {
    return await readIntoScratch(places, taskId, attempt);
  } catch (error) {
    if (error instanceof GitError || (error instanceof Error && 'syscall' in error)) return error;
    throw error;
  }
}

async function readIntoScratch(
  { depot, scratch, stateDirectory, pin, clock, reader, redactor }: FindPlaces,
  taskId: string,
  attempt: number,
): Promise<LaneContent> {
  const directory = join(stateDirectory, 'lanes', taskId);
  const unread = (why: string): LaneContent => ({
    files: null,
    own: null,
    directories: [directory],
    unholdable: [{ path: '.', why }],
  });
  const lane = await openLane(depot, stateDirectory, taskId);
  if (lane === null) return unread('cannot be read any more; the next attempt keeps it whole');
  // Behind the base nothing is the agent's own.
  await setRefs(scratch, { [`${baseRefs(taskId)}/0`]: lane.base });
  try {
    const { work, unholdable } = await salvageLane(
      {
        depot: scratch,
        stateDirectory,
        taskId,
        attempt,
        token: null,
        identity: pin.config.identity,
        redactor,
        excludes: pin.excludes,
        excluded: excludedPaths(pin.config, lane),
        include: pin.config.salvage.include,
        // The same files are the same commit, whenever one looks.
        atMs: (await reader.attempts(taskId)).at(-1)?.activityMs ?? clock.nowMs(),
      },
      lane,
    );
    const prefix = commitsRefs(taskId, attempt);
    const hasOwn = (await listRefs(scratch, prefix)).size > 0;
    return {
      files: work === null ? null : { depot: scratch, commit: work },
      own: hasOwn ? { depot: scratch, prefix } : null,
      directories: unholdable.length > 0 ? [directory] : [],
      unholdable,
    };
  } catch (error) {
    if (error instanceof IntegrityError) return unread(error.message);
    throw error;
  }
}

/** The commits that the agent itself made. */
export async function ownCommits({ own }: Find): Promise<OwnCommit[]> {
  return own === null ? [] : listOwnCommits(own.depot, own.prefix);
}
