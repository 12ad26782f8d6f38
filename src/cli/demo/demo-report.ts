import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { inertLine } from '../../core/inert.ts';
import type { TaskState } from '../../core/task-state.ts';
import { readCheckout } from '../../git/checkout.ts';
import type { Checkout } from '../../git/checkout.ts';
import { listLandings } from '../../git/landings.ts';
import { toRefName } from '../../git/repository.ts';
import { findProgram } from '../../process/find-program.ts';
import type { RunEnd } from '../../reconcile/run.ts';
import type { StoreReader, TaskRow } from '../../store/store.ts';
import type { CommandContext } from '../context.ts';
import type { Output } from '../terminal/output.ts';
import { formatDuration, renderTable } from '../terminal/table.ts';
import { DEMO_TARGET } from './demo-project.ts';
import type { DemoProject } from './demo-project.ts';
import type { Explored, ReviewRow, Scenario } from './scenario.ts';
import { shellWord } from '../../core/shell-word.ts';

const NAMED_MAX = 5;

export interface DemoResult {
  readonly end: RunEnd;
  /** Why nothing more could start, where it was given up. */
  readonly stuck: readonly string[];
  readonly durationMs: number;
  /** The operator's checkout as it was before. */
  readonly before: Checkout;
}

/** Says what landed and where it all is. True if every task has landed and the checkout is as it was. */
export async function reportDemo(
  context: CommandContext,
  reader: StoreReader,
  scenario: Scenario,
  project: DemoProject,
  { end, stuck, durationMs, before }: DemoResult,
): Promise<boolean> {
  const { output } = context;
  const landings = await listLandings(`${project.root}/.git`, project.commit, toRefName(DEMO_TARGET));
  output.print();
  output.print(output.style('bold', headline(landings.length, scenario, durationMs)));
  const rows = landings.map(({ commit, taskId, title }) => [`  ${commit.slice(0, 12)}`, taskId, title]);
  for (const line of renderTable(rows, output.width)) output.print(line);
  const tasks = await reader.rows();
  for (const line of renderTable(openTasks(tasks), output.width)) output.print(output.style('yellow', line));
  for (const sentence of stuck) output.print(output.style('red', `Given up, as nothing can start: ${sentence}`));
  const held = printReview(output, scenario.review?.(project) ?? []);
  const after = await readCheckout(project.root);
  const untouched = isDeepStrictEqual(before, after);
  output.print();
  if (untouched) {
    const { branch, commit } = after;
    const where = `${branch.replace('refs/heads/', '')} at ${commit.slice(0, 12)}`;
    output.print(`Your checkout was not touched: still on ${where}, nothing changed.`);
  } else {
    output.print(output.style('red', `Your checkout has changed: ${describeChange(before, after)}`));
  }
  output.print();
  const explore = await worthALook(reader, scenario.explore);
  printWays(context, explore, project, end);
  return untouched && held && tasks.every(({ id, state }) => state.status === (scenario.settles?.[id] ?? 'landed'));
}

/** "README.md has changed; another commit (… instead of …)". */
export function describeChange(before: Checkout, after: Checkout): string {
  const { changed } = after;
  const isNew = (path: string): boolean => !before.changed.includes(path);
  const named = changed
    .filter(isNew)
    .slice(0, NAMED_MAX)
    .map((path) => inertLine(path, 200));
  const more = changed.filter(isNew).length - named.length;
  const back = before.changed.filter((path) => !changed.includes(path)).map((path) => inertLine(path, 200));
  const parts = [
    ...(before.branch === after.branch ? [] : [`it is on ${branchName(after)} instead of ${branchName(before)}`]),
    ...(before.commit === after.commit
      ? []
      : [`at ${after.commit.slice(0, 12)} instead of ${before.commit.slice(0, 12)}`]),
    ...(named.length === 0 ? [] : [`changed: ${named.join(', ')}${more === 0 ? '' : ` and ${more} more`}`]),
    ...(back.length === 0 ? [] : [`no longer changed: ${back.slice(0, NAMED_MAX).join(', ')}`]),
  ];
  return `${parts.join('; ')}.`;
}

function branchName({ branch }: Checkout): string {
  return branch === '' ? 'no branch' : inertLine(branch.replace('refs/heads/', ''), 200);
}

/** True when nothing that was tried worked. */
function printReview(output: Output, rows: readonly ReviewRow[]): boolean {
  if (rows.length === 0) return true;
  output.print();
  output.print(output.style('bold', 'What it tried, and what became of it:'));
  const lines = renderTable(
    rows.map(({ what, became }) => [`  ${what}`, became]),
    output.width,
  );
  for (const [index, line] of lines.entries()) {
    output.print(output.style(rows[index]?.isBad === true ? 'red' : 'green', line));
  }
  const worked = rows.filter(({ isBad }) => isBad).length;
  if (worked > 0)
    output.print(`${worked} of ${rows.length} worked: there is no sandbox, or it does not hold. See: yard doctor`);
  return worked === 0;
}

function headline(landed: number, { tasks, settles = {} }: Scenario, durationMs: number): string {
  const how = landed === 0 ? '' : ', each tested as it landed';
  const all = tasks.length - Object.keys(settles).length;
  const number = landed === tasks.length ? `All ${landed}` : landed === all ? `${landed}` : `${landed} of ${all}`;
  return `${number} tasks landed on ${DEMO_TARGET} in ${formatDuration(durationMs)}${how}:`;
}

function openTasks(tasks: readonly TaskRow[]): string[][] {
  return tasks
    .filter(({ state }) => state.status !== 'landed')
    .map(({ id, title, state }) => [`  ${state.status}`, id, title, whyOf(state)]);
}

function whyOf(state: TaskState): string {
  if (state.status === 'running') return 'was ended in its midst; the next run takes it up';
  return state.status === 'parked' ? state.why : '';
}

/** Of a task that no agent was ever given to there is nothing to see. */
async function worthALook(reader: StoreReader, explore: readonly Explored[]): Promise<Explored[]> {
  const kept: Explored[] = [];
  for (const entry of explore) {
    const id = /^yard (?:logs|diff) (\S+)/.exec(entry[0])?.[1];
    if (id === undefined || (await reader.attempts(id)).length > 0) kept.push(entry);
  }
  return kept;
}

function printWays(
  { output, compose, env }: CommandContext,
  explore: readonly Explored[],
  project: DemoProject,
  end: RunEnd,
): void {
  output.print(output.style('bold', 'Look around:'));
  print(output, [
    [`cd ${shellWord(project.root)}`, ''],
    [`export YARD_STATE_DIR=${shellWord(project.stateDirectory)}`, ''],
    ...(isOurs(findProgram('yard', env['PATH'] ?? ''), compose.self)
      ? []
      : [[`alias yard=${shellWord(compose.self.map(shellWord).join(' '))}`, '']]),
    ...explore.map(([command, shows]) => [command, `# ${shows}`]),
    ...(end.kind === 'settled' ? [] : [['yard resume && yard run', '# go on where it ended']]),
    [`rm -r ${shellWord(project.directory)}`, '# when you have seen enough'],
  ]);
}

/** There are other programs of that name. */
function isOurs(program: string | null, self: readonly string[]): boolean {
  const main = self.at(-1);
  return program !== null && main !== undefined && program === join(dirname(main), '../bin/yard.js');
}

/** The short commands in two columns, the long ones alone: they are to be copied whole. */
function print(output: Output, commands: readonly (readonly string[])[]): void {
  const short = commands.filter(([, shows]) => shows !== '').map(([command = '']) => command.length);
  const column = Math.min(Math.max(0, ...short), 46);
  for (const [command = '', shows = ''] of commands)
    output.print(`  ${shows === '' ? command : `${command.padEnd(column)}  ${shows}`}`);
}
