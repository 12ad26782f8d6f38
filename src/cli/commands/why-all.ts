import { compareIds, Frontier } from '../../core/frontier.ts';
import { plan, waitingOf } from '../../core/plan.ts';
import type { Command } from '../../core/plan.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { StoreReader } from '../../store/store.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { NO_SCHEDULER, schedulerPid } from '../schedule/scheduler.ts';
import { findRemedy } from '../waiting/remedy.ts';
import type { ParkedTask } from '../waiting/remedy.ts';
import { snapshotOf } from '../schedule/seen-snapshot.ts';
import { counted } from '../terminal/table.ts';
import { unimportedLines } from '../schedule/unimported.ts';
import { groupWaiting, renderGroups, WaitingSentences } from '../waiting/waiting-groups.ts';
import type { WaitingTask } from '../waiting/waiting-groups.ts';

/** Attempts of so many tasks are read. */
const REMEDIES_MAX = 200;

interface OpenTask extends WaitingTask, ParkedTask {
  readonly id: string;
  readonly title: string;
}

interface ToldTask extends OpenTask {
  readonly remedy: string | null;
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
      .map(({ id, title, state, owns }): OpenTask => ({ id, title, state, owns, waiting: waits(id) }))
      .toSorted((a, b) => compareIds(a.id, b.id));
    const told = await withRemedies(reader, tasks);
    if (options.json === true) {
      output.jsonText(JSON.stringify({ tasks: told.map(asJson()) }), { lines: false });
      return EXIT.ok;
    }
    const unimported = await unimportedLines(reading);
    const starting = snapshot === null ? 0 : startsOf(plan(snapshot, compose.clock.nowMs()));
    output.lines([
      ...summary(tasks, starting, unimported.length),
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
async function withRemedies(reader: StoreReader, tasks: readonly OpenTask[]): Promise<ToldTask[]> {
  const parked = tasks.filter(({ state }) => state.status === 'parked').slice(0, REMEDIES_MAX);
  const remedies = new Map<string, string | null>();
  for (const task of parked) remedies.set(task.id, (await findRemedy(reader, task))?.sentence ?? null);
  return tasks.map((task) => ({ ...task, remedy: remedies.get(task.id) ?? null }));
}

function startsOf(commands: readonly Command[]): number {
  return commands.filter(({ kind }) => kind === 'dispatch').length;
}

/** @param starting how many the next cycle starts: of those that wait for nothing now, some hold back others then. */
function summary(tasks: readonly OpenTask[], starting: number, unimported: number): string[] {
  if (tasks.length === 0) return unimported > 0 ? [] : ['All tasks are done.'];
  const moving = tasks.filter(({ waiting }) => waiting.length === 0);
  const running = moving.filter(({ state }) => state.status === 'running').length;
  const later = moving.filter(({ state }) => state.status === 'ready').length - starting;
  const waiting = tasks.length - moving.length;
  const parts = [
    `${counted(tasks.length, 'task')} ${tasks.length === 1 ? 'is' : 'are'} not done`,
    ...(running > 0 ? [`${running} ${running === 1 ? 'runs' : 'run'}`] : []),
    ...(starting > 0 ? [`${starting} can start`] : []),
    ...(later > 0 ? [`${later} ${later === 1 ? 'starts' : 'start'} after ${starting === 1 ? 'that' : 'those'}`] : []),
    `${waiting} ${waiting === 1 ? 'waits' : 'wait'}`,
  ];
  return [parts.join(', '), ''];
}

function asJson(): (task: ToldTask) => object {
  const sentences = new WaitingSentences();
  return ({ id, title, state, waiting, remedy }) => ({
    id,
    title,
    status: state.status,
    waiting: waiting.map((entry) => ({ ...entry, detail: sentences.of(entry, id, remedy) })),
    remedy,
  });
}
