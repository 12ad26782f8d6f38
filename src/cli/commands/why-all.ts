import { compareIds, Frontier } from '../../core/frontier.ts';
import { waitingOf } from '../../core/plan.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { NO_SCHEDULER, schedulerPid } from '../scheduler-sentence.ts';
import { remedyFor } from '../remedy.ts';
import { snapshotOf } from '../seen-snapshot.ts';
import { counted } from '../table.ts';
import { unimportedLines } from '../unimported.ts';
import { groupWaiting, renderGroups, WaitingSentences } from '../waiting-groups.ts';
import type { WaitingTask } from '../waiting-groups.ts';

/** Attempts of so many tasks are read. */
const REMEDIES_MAX = 20;

interface OpenTask extends WaitingTask {
  readonly status: TaskStatus;
  readonly title: string;
}

/** `yard why --all`: the scheduler's own reasons, of all tasks that are not done. */
export async function whyAllCommand(
  { output, compose, cwd }: CommandContext,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const reading = await compose.reading(cwd);
  try {
    const { reader } = reading;
    const view = await reader.view();
    const snapshot = await snapshotOf(reading, view, compose.clock);
    const frontier = snapshot === null ? null : new Frontier(snapshot, compose.clock.nowMs());
    const observed = new Map(snapshot?.tasks.map((task) => [task.id, task]));
    const waits = (id: string): readonly Waiting[] => {
      const task = observed.get(id);
      return task === undefined || snapshot === null || frontier === null ? [] : waitingOf(task, snapshot, frontier);
    };
    const tasks = view.rows
      .map(({ id, title, state }): OpenTask => ({ id, title, status: state.status, waiting: waits(id) }))
      .toSorted((a, b) => compareIds(a.id, b.id));
    if (options.json === true) {
      output.jsonText(JSON.stringify({ tasks: tasks.map(asJson()) }), { lines: false });
      return EXIT.ok;
    }
    const unimported = await unimportedLines(reading);
    const told = await withRemedies(reader, tasks);
    output.lines([
      ...summary(tasks, unimported.length),
      ...renderGroups(groupWaiting(told), output.width, 'yard why --all --json'),
    ]);
    for (const line of unimported) output.say(line);
    if (tasks.length > 0 && schedulerPid(view.leases, compose.clock) === null) output.say(NO_SCHEDULER);
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

/** Those that are parked, with what can be done about it. */
async function withRemedies(reader: StoreReader, tasks: readonly OpenTask[]): Promise<WaitingTask[]> {
  const parked = tasks.filter(({ status }) => status === 'parked').slice(0, REMEDIES_MAX);
  const remedies = new Map<string, string | null>();
  for (const { id } of parked) remedies.set(id, remedyFor(id, (await reader.attempts(id)).at(-1)?.outcome ?? null));
  return tasks.map(({ id, waiting }) => ({ id, waiting, remedy: remedies.get(id) ?? null }));
}

function summary(tasks: readonly OpenTask[], unimported: number): string[] {
  if (tasks.length === 0) return unimported > 0 ? [] : ['All tasks are done.'];
  const moving = tasks.filter(({ waiting }) => waiting.length === 0);
  const running = moving.filter(({ status }) => status === 'running').length;
  const starting = moving.filter(({ status }) => status === 'ready').length;
  const parts = [
    `${counted(tasks.length, 'task')} ${tasks.length === 1 ? 'is' : 'are'} not done`,
    ...(running > 0 ? [`${running} run`] : []),
    ...(starting > 0 ? [`${starting} can start`] : []),
    `${tasks.length - moving.length} wait`,
  ];
  return [parts.join(', '), ''];
}

function asJson(): (task: OpenTask) => object {
  const sentences = new WaitingSentences();
  return ({ id, title, status, waiting }) => ({
    id,
    title,
    status,
    waiting: waiting.map((entry) => ({ ...entry, detail: sentences.of(entry, id) })),
  });
}
