import { nearest } from '../../core/nearest.ts';
import { sortById } from '../../core/frontier.ts';
import { inertLine } from '../../core/inert.ts';
import { agentChain, agentName } from '../../core/agent-spec.ts';
import { TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { UserError } from '../../core/user-error.ts';
import type { ListedTask, StoreReader, TaskFilter } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { renderTable } from '../terminal/table.ts';
import { unimportedLines } from '../schedule/unimported.ts';

export interface TasksOptions {
  readonly status?: readonly string[];
  readonly area?: readonly string[];
  readonly agent?: readonly string[];
  readonly limit?: number;
  readonly json?: boolean;
}

const TITLE_MAX = 200;
const NAME_MAX = 30;
const KNOWN_MAX = 400;

/** `yard tasks`: all tasks, or those of a filter. */
export async function tasksCommand(context: CommandContext, options: TasksOptions): Promise<ExitCode> {
  const { output, compose, cwd } = context;
  const statuses = options.status?.map(readStatus);
  const reading = await compose.reading(cwd);
  try {
    const found = await reading.reader.list({
      ...(statuses === undefined ? {} : { statuses }),
      ...(options.area === undefined ? {} : { areas: options.area }),
      ...agentFilter(options.agent, reading.pin?.config.defaults.agent),
    });
    const tasks = sortById(found).slice(0, options.limit);
    if (options.json === true) output.jsonText(JSON.stringify({ total: found.length, tasks }), { lines: false });
    else output.lines(renderTasks(tasks, found.length, output.width));
    const unimported = await unimportedLines(reading);
    for (const line of unimported) output.say(line);
    if (found.length === 0) {
      const none = await whyNone(reading.reader, options, unimported.length > 0);
      if (none !== null) output.say(none);
    }
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

/** Tasks that name no agent are the default agent's. */
function agentFilter(agents: readonly string[] | undefined, own: string | undefined): Pick<TaskFilter, 'agents'> {
  if (agents === undefined) return {};
  const isOwn = agentChain(own ?? '').some((spec) => agents.includes(spec) || agents.includes(agentName(spec)));
  return { agents: isOwn ? [...agents, null] : agents };
}

/** @throws UserError `unknown-status`, with those that there are. */
function readStatus(text: string): TaskStatus {
  const found = TASK_STATUSES.find((status) => status === text.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(text, TASK_STATUSES);
  throw new UserError({
    code: 'unknown-status',
    message: `there is no status ${JSON.stringify(text)}`,
    hint: `${near === null ? '' : `Did you mean ${near}? `}There are: ${TASK_STATUSES.join(', ')}.`,
  });
}

function renderTasks(tasks: readonly ListedTask[], total: number, width: number): string[] {
  if (tasks.length === 0) return [];
  const rows = tasks.map(({ id, status, area, priority, attempts, title }) => [
    id,
    status,
    area === null ? '' : inertLine(area, NAME_MAX),
    String(priority),
    String(attempts),
    inertLine(title, TITLE_MAX),
  ]);
  const lines = renderTable([['ID', 'STATUS', 'AREA', 'PRIORITY', 'ATTEMPTS', 'TITLE'], ...rows], width);
  if (total > tasks.length) lines.push(`and ${total - tasks.length} more`);
  return lines;
}

/** What there is to choose from, for whoever mistyped it. */
async function whyNone(reader: StoreReader, { area, agent }: TasksOptions, areOnFile: boolean): Promise<string | null> {
  const all = await reader.list({});
  if (all.length === 0) return areOnFile ? null : 'There are no tasks. Add one with: yard add "title"';
  const names = (values: readonly (string | null)[]): string => {
    const known = [...new Set(values.filter((value) => value !== null))].toSorted();
    return known.length === 0 ? 'none' : inertLine(known.join(', '), KNOWN_MAX);
  };
  const known = [
    ...(area === undefined ? [] : [`areas: ${names(all.map((task) => task.area))}`]),
    ...(agent === undefined
      ? []
      : [`agents that tasks name: ${names(all.flatMap((task) => agentChain(task.agent ?? '')))}`]),
  ];
  return known.length === 0 ? 'No task fits.' : `No task fits; ${known.join('; ')}`;
}
