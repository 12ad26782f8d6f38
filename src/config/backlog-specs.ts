import { cyclesThrough } from '../core/graph.ts';
import { preflightProblems, type PreflightPolicy } from '../core/preflight.ts';
import { isTaskId, type TaskSpec, taskIdKey, twinKey } from '../core/task.ts';
import type { Place } from '../core/user-error.ts';
import { type BacklogProblem, Problems, type TaskDraft } from './backlog.ts';
import { nearest } from '../core/nearest.ts';
import { quote } from './quote.ts';
import { formatTaskFile } from './task-file-writer.ts';
import { parseTaskFile } from './task-file.ts';

/** A task that there is, in a file or in the store. */
export interface KnownSpec {
  readonly id: string;
  /** Null where nothing more than the id matters. */
  readonly spec: TaskSpec | null;
  /** False for one that has landed, or was withdrawn. */
  readonly open: boolean;
}

const ID_HINT = 'Ids look like TASK-0001: a word, a dash, a number. For a name within the list, use key.';
const NEAR_MAX = 2_000;

/**
 * Drafts as tasks: ids are given to those that have none, keys become ids, and what `yard add` would refuse of each is
 * refused. `nextId` gives an id that nobody has, a new one at each call.
 */
export function specsOf(
  drafts: readonly TaskDraft[],
  known: readonly KnownSpec[],
  policy: PreflightPolicy,
  nextId: () => string,
): { specs: readonly TaskSpec[]; problems: readonly BacklogProblem[] } {
  const problems = new Problems();
  const ids = giveIds(drafts, known, problems, nextId);
  const names = new Names(drafts, ids, known);
  const specs: TaskSpec[] = [];
  const placed = new Map<string, Place>();
  for (const [index, draft] of drafts.entries()) {
    const id = ids[index] ?? '';
    const refer = (key: 'after' | 'supersedes'): string[] => [
      ...new Set(draft.spec[key].flatMap((name) => names.idOf(name, key, draft.place, problems) ?? [])),
    ];
    const spec: TaskSpec = { ...draft.spec, id, after: refer('after'), supersedes: refer('supersedes') };
    for (const done of known.filter((entry) => !entry.open && spec.supersedes.includes(entry.id))) {
      const message = `supersedes names ${done.id}, which is done: nothing takes its place any more`;
      problems.add(draft.place, message, 'Leave it out of supersedes.');
    }
    specs.push(spec);
    placed.set(id, draft.place);
    // What was told of it already is not told again as something that is missing.
    const checked = draft.isSound ? spec : filledIn(spec);
    // What a reader of the file would refuse is refused now.
    if (isTaskId(id)) problems.try(draft.place, null, () => readBack(checked, draft.place));
    for (const why of preflightProblems(checked, policy)) {
      problems.add(
        draft.place,
        `the task cannot start as it is: ${why}`,
        'Say when it is done, and name what the configuration has.',
      );
    }
  }
  const place = (id: string): Place => placed.get(id) ?? { file: '' };
  const sound = specs.filter((_spec, index) => drafts[index]?.isSound === true);
  refuseTwins(sound, known, place, problems);
  const cycles = cyclesThrough([...known.flatMap(({ spec }) => spec ?? []), ...specs]);
  for (const cycle of new Set(specs.flatMap(({ id }) => [cycles.get(id) ?? []]))) {
    if (cycle.length === 0) continue;
    problems.add(place(cycle[0] ?? ''), `dependencies form a cycle: ${cycle.join(' → ')}`, 'Leave one of them out.');
  }
  refuseCircles(specs, place, problems);
  return { specs, problems: problems.all.toSorted(byPlace) };
}

/** Of tasks that take each other's place none would be left. Those there are cannot name a new one. */
function refuseCircles(specs: readonly TaskSpec[], place: (id: string) => Place, problems: Problems): void {
  const circles = cyclesThrough(specs.map(({ id, supersedes }) => ({ id, after: supersedes })));
  for (const circle of new Set(circles.values())) {
    const message = `they would take each other's place: ${circle.join(' → ')}`;
    problems.add(place(circle[0] ?? ''), message, 'Leave one of them out of supersedes.');
  }
}

function giveIds(
  drafts: readonly TaskDraft[],
  known: readonly KnownSpec[],
  problems: Problems,
  nextId: () => string,
): string[] {
  const taken = new Map(known.map(({ id }) => [taskIdKey(id), 'there is a task']));
  for (const { id, place } of drafts) {
    if (id === null) continue;
    const before = taken.get(taskIdKey(id));
    if (!isTaskId(id)) problems.add(place, `${quote(id)} is not a task id`, ID_HINT);
    else if (before !== undefined)
      problems.add(place, `${before} ${id} already`, 'Take another id, or none for the next free one.');
    taken.set(taskIdKey(id), 'another entry has the id');
  }
  return drafts.map(({ id }) => {
    if (id !== null) return id;
    let next = nextId();
    while (taken.has(taskIdKey(next))) next = nextId();
    return next;
  });
}

/** What entries may be called by: their keys, their ids, and the ids of tasks that there are. */
class Names {
  readonly #keys = new Map<string, string>();
  readonly #ids = new Map<string, string>();

  constructor(drafts: readonly TaskDraft[], ids: readonly string[], known: readonly KnownSpec[]) {
    for (const { id } of known) this.#ids.set(taskIdKey(id), id);
    for (const [index, { key }] of drafts.entries()) {
      const id = ids[index] ?? '';
      if (!this.#ids.has(taskIdKey(id))) this.#ids.set(taskIdKey(id), id);
      if (key !== null && !this.#keys.has(key)) this.#keys.set(key, id);
    }
  }

  idOf(name: string, of: string, place: Place, problems: Problems): string | null {
    const id = this.#keys.get(name) ?? this.#ids.get(taskIdKey(name));
    if (id !== undefined) return id;
    const all = [...this.#keys.keys(), ...this.#ids.values()];
    // Looking for the nearest of ten thousand, ten thousand times, is a hint too dear.
    const near = all.length > NEAR_MAX ? null : nearest(name, all);
    const hint = near === null ? 'Mend it, or add that task, too.' : `Did you mean ${near}?`;
    problems.add(place, `${of} names ${quote(name)}, which is neither a task nor the key of an entry`, hint);
    return null;
  }
}

function filledIn(spec: TaskSpec): TaskSpec {
  const orSome = (text: string): string => (text === '' ? 'x' : text);
  const acceptance = spec.acceptance.length === 0 ? ['x'] : spec.acceptance;
  return { ...spec, title: orSome(spec.title), objective: orSome(spec.objective), acceptance };
}

function readBack(spec: TaskSpec, { file, line, column }: Place): null {
  const name = `${spec.id}.md`;
  try {
    parseTaskFile(formatTaskFile(spec), name);
    return null;
  } catch (error) {
    // The place in a file that does not exist yet says nothing.
    if (error instanceof Error && 'place' in error) {
      Object.assign(error, { message: error.message.replace(/^\S+?:\d+:\d+: /, ''), place: { file, line, column } });
    }
    throw error;
  }
}

function refuseTwins(
  specs: readonly TaskSpec[],
  known: readonly KnownSpec[],
  place: (id: string) => Place,
  problems: Problems,
): void {
  const others = new Map<string, TaskSpec[]>();
  const add = (spec: TaskSpec): void => {
    const key = twinKey(spec);
    others.set(key, [...(others.get(key) ?? []), spec]);
  };
  for (const { spec, open } of known) if (open && spec !== null) add(spec);
  for (const spec of specs) {
    const twin = (others.get(twinKey(spec)) ?? []).find(
      (other) => !spec.supersedes.includes(other.id) && !other.supersedes.includes(spec.id),
    );
    add(spec);
    if (twin === undefined) continue;
    const message = `it asks for the same as ${twin.id} (${quote(twin.title)}): same objective, same owned paths`;
    problems.add(place(spec.id), message, 'Leave it out, say how the two differ, or name the other under supersedes.');
  }
}

function byPlace(a: BacklogProblem, b: BacklogProblem): number {
  if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1;
  return (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0);
}
