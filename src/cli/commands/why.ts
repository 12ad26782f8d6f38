import { Frontier } from '../../core/frontier.ts';
import { waitingOf } from '../../core/plan.ts';
import type { AttemptOutcome } from '../../core/attempt.ts';
import type { TaskState } from '../../core/task-state.ts';
import { describeWaiting } from '../../core/waiting.ts';
import type { Waiting } from '../../core/waiting.ts';
import { chainWaiting } from '../../core/chain-waiting.ts';
import { UserError } from '../../core/user-error.ts';
import { unpriced, unpricedTurns } from '../account/unpriced.ts';
import type { CommandContext, ExitCode, Reading } from '../context.ts';
import { EXIT } from '../context.ts';
import { snapshotAround } from '../schedule/seen-snapshot.ts';
import { findTask } from '../tasks/find-task.ts';
import { NO_SCHEDULER, schedulerOf } from '../schedule/scheduler.ts';
import { remedyFor } from '../waiting/remedy.ts';
import { WaitingSentences } from '../waiting/waiting-groups.ts';
import { stateSentence } from '../waiting/state-sentence.ts';

/** `yard why ID`, `yard why --all`. */
export async function whyCommand(
  context: CommandContext,
  id: string | undefined,
  options: { readonly json?: boolean; readonly all?: boolean },
): Promise<ExitCode> {
  if (id !== undefined && options.all !== true) return whyOne(context, id, options);
  if (id === undefined && options.all === true) return (await import('./why-all.ts')).whyAllCommand(context, options);
  throw new UserError({
    code: 'usage',
    message: id === undefined ? 'it takes the id of a task, or --all' : 'it takes the id of a task or --all, not both',
    hint: 'yard why TASK-0001, or: yard why --all',
  });
}

/** The scheduler's own reasons, all of them. */
async function whyOne(context: CommandContext, id: string, options: { readonly json?: boolean }): Promise<ExitCode> {
  const { output, compose, cwd } = context;
  const reading = await compose.reading(cwd);
  try {
    const task = await findTask(reading.reader, id, reading.location);
    const snapshot = await snapshotAround(reading, compose.clock, task.spec.id);
    const nowMs = compose.clock.nowMs();
    const view = snapshot?.tasks.find((entry) => entry.id === task.spec.id);
    const waiting =
      snapshot === null || view === undefined ? [] : waitingOf(view, snapshot, new Frontier(snapshot, nowMs));
    const attempts = await reading.reader.attempts(task.spec.id);
    const owns = task.spec.owns;
    const known = remedyFor({ id: task.spec.id, state: task.state, owns }, attempts.at(-1)?.outcome ?? null);
    const remedy = known?.sentence ?? null;
    const sentence = stateSentence(task, attempts.at(-1) ?? null, nowMs);
    if (options.json === true) {
      output.json({
        id: task.spec.id,
        status: task.state.status,
        state: task.state,
        counters: task.counters,
        sentence,
        waiting: waiting.map((entry) => ({ ...entry, detail: describeWaiting(entry, task.spec.id, remedy) })),
        remedy,
      });
      return EXIT.ok;
    }
    output.print(`${task.spec.id} ${sentence}`);
    for (const detail of detailsOf(waiting, task.spec.id, remedy)) {
      if (!sentence.includes(detail)) output.print(`  ${detail}`);
    }
    const over = isOverBudget(task.state, attempts.at(-1)?.outcome ?? null) ? task.spec.id : null;
    for (const line of await priceNotes(reading, waiting, over)) output.print(`  ${line}`);
    if (
      snapshot !== null &&
      MOVES.has(task.state.status) &&
      (await schedulerOf(reading.reader, compose.clock)) === null
    ) {
      output.print(`  ${NO_SCHEDULER}`);
    } else if (waiting.length === 0 && task.state.status === 'ready') {
      output.print(snapshot === null ? '  nothing has run yet; start with: yard run' : '  it starts in the next cycle');
    }
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

/** A line for each reason; of a chain of agents it says whose. */
function detailsOf(waiting: readonly Waiting[], id: string, remedy: string | null): string[] {
  const sentences = new WaitingSentences();
  const links = new Map<Waiting, string>(chainWaiting(waiting).map((entry) => [entry, sentences.ofLink(entry, id)]));
  return waiting.map((entry) => links.get(entry) ?? sentences.of(entry, id, remedy));
}

/** Models without a price, where what they are taken for is in the way. @param over the task that has spent its own budget. */
async function priceNotes(
  { reader, pin }: Reading,
  waiting: readonly Waiting[],
  over: string | null,
): Promise<string[]> {
  const prices = pin?.config.prices;
  if (waiting.some(isOfGuessedMoney)) return unpriced(reader, prices);
  return over === null ? [] : unpricedTurns(await reader.turns(over), prices);
}

/** A budget of money is spent, of which nobody has said all. */
function isOfGuessedMoney(waiting: Waiting): boolean {
  if (waiting.reason === 'budget') return waiting.estimated > 0;
  return waiting.reason === 'pool' && waiting.refusal.why === 'budget' && waiting.refusal.estimated > 0;
}

/** Its own; what else is against a rule names the paths. */
function isOverBudget({ status }: TaskState, outcome: AttemptOutcome | null): boolean {
  return status === 'parked' && outcome?.kind === 'policy' && outcome.paths.length === 0;
}

/** States that a scheduler takes further. */
const MOVES: ReadonlySet<TaskState['status']> = new Set(['ready', 'running', 'accepted', 'landing']);
