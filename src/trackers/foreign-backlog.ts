import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Backlog, BacklogProblem } from '../config/backlog.ts';
import { backlogOf, type ForeignTask } from '../config/foreign-task.ts';
import { readGluerunTask } from '../config/gluerun-task.ts';
import { readOompaTask } from '../config/oompa-task.ts';
import { decodeText } from '../config/text.ts';
import { inertLine } from '../core/inert.ts';
import { isUserError, UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';
import { readTaskFile } from './task-directory.ts';

/** Whose tasks can be read. */
export const FOREIGN_SYSTEMS = ['oompa', 'gluerun'] as const;
export type ForeignSystem = (typeof FOREIGN_SYSTEMS)[number];

export interface ForeignOptions {
  /** Ids that are taken, case aside. */
  readonly taken: ReadonlySet<string>;
  /** The commands of the configuration's gates, by name. */
  readonly gates: Readonly<Record<string, string>>;
}

interface Found {
  readonly tasks: ForeignTask[];
  readonly problems: BacklogProblem[];
  readonly notes: string[];
}

/** Reads the tasks of another orchestrator from a directory: a project of it, or its directory of tasks. */
export function readForeign(system: ForeignSystem, path: string, options: ForeignOptions): Backlog {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UserError({
      code: 'import-path',
      message: `there is no directory ${path}`,
      hint: 'Name the project, or its directory of tasks.',
    });
  }
  const found = system === 'oompa' ? readOompa(path) : readGluerun(path, options.gates);
  const backlog = backlogOf(found.tasks, options.taken, found.problems, found.notes);
  if (found.tasks.length > 0 || found.problems.length > 0) return backlog;
  throw new UserError({
    code: 'import-empty',
    message: `there is no task of ${system} in ${path}`,
    hint: system === 'oompa' ? 'They are tasks/pending/*.json.' : 'They are docs/orchestration/tasks/TASK-NNNN.md.',
  });
}

function readOompa(path: string): Found {
  const found: Found = { tasks: [], problems: [], notes: [] };
  const root =
    [join(path, 'tasks'), join(path, 'oompa/tasks'), path].find(
      (each) => existsSync(join(each, 'pending')) || existsSync(join(each, 'current')),
    ) ?? path;
  for (const stage of ['pending', 'current', 'complete'] as const) {
    for (const name of namesIn(join(root, stage))) {
      const file = join(stage, name);
      const shown = shownAs(relative(path, join(root, file)));
      if (!name.endsWith('.json')) {
        found.notes.push(`${shown} was left out: it is no JSON`);
        continue;
      }
      const text = readText(root, file, shown, found);
      if (text === null) continue;
      const { task, problems } = readOompaTask(text, shown, stage);
      if (task !== null) found.tasks.push(task);
      found.problems.push(...problems);
    }
  }
  return found;
}

function readGluerun(path: string, gates: ForeignOptions['gates']): Found {
  const found: Found = { tasks: [], problems: [], notes: [] };
  const root =
    [join(path, 'docs/orchestration/tasks'), join(path, 'tasks'), path].find((each) =>
      namesIn(each).some((name) => /^TASK-[0-9]/.test(name)),
    ) ?? path;
  for (const name of namesIn(root)) {
    const shown = shownAs(relative(path, join(root, name)));
    if (!/^TASK-[0-9]{4,}.*\.md$/.test(name)) {
      if (name !== 'TEMPLATE.md' && name !== 'superseded') found.notes.push(`${shown} was left out: it is no task`);
      continue;
    }
    const text = readText(root, name, shown, found);
    const task = text === null ? null : readGluerunTask(text, shown, gates);
    if (task !== null) found.tasks.push(task);
    else if (text !== null) {
      const hint = 'Mend it, or take the file away.';
      found.problems.push({
        place: { file: shown, line: 1, column: 1 },
        message: 'it has no heading such as # TASK-0001: title',
        hint,
      });
    }
  }
  for (const name of namesIn(join(root, 'superseded')))
    found.notes.push(`superseded/${shownAs(name)} was left out: it is superseded`);
  if (existsSync(join(root, '../dag.v0.json'))) {
    found.notes.push(
      'dag.v0.json was left out: the nodes of the graph are no tasks, and each task keeps the name of its node as text',
    );
  }
  return found;
}

/** A name may hold line breaks, and what a terminal obeys. */
function shownAs(path: string): string {
  return inertLine(path, SHOWN_MAX);
}

const SHOWN_MAX = 300;

/** Sorted; none where there is no such directory, a circle of links included. */
function namesIn(directory: string): string[] {
  try {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') return [];
    throw error;
  }
  return readdirSync(directory)
    .filter((name) => !name.startsWith('.'))
    .toSorted();
}

function readText(root: string, file: string, shown: string, { problems }: Found): string | null {
  const refuse = (message: string, hint: string): null => {
    problems.push({ place: { file: shown, line: 1, column: 1 }, message, hint });
    return null;
  };
  try {
    const read = readTaskFile(root, file);
    if (read === null) return null;
    return decodeText(read.bytes) ?? refuse('it is not UTF-8 text', 'Save it as UTF-8.');
  } catch (error) {
    if (!isUserError(error)) throw error;
    return refuse(error.message.replace(`${file}: `, ''), error.hint ?? 'Mend it.');
  }
}
