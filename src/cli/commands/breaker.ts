import { countsForBreaker } from '../../core/attempt.ts';
import type { AttemptOutcome } from '../../core/attempt.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import type { YardEvent } from '../../core/yard-event.ts';
import type { StoreReader } from '../../store/store.ts';
import { outcomeWhy } from '../story/outcome-why.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { counted } from '../terminal/table.ts';

/** One failure of the row, newest last. */
interface Failure {
  readonly id: string;
  readonly attempt: number | null;
  readonly outcome: string;
  readonly why: string;
}

interface BreakerView {
  /** Nothing starts. */
  readonly open: boolean;
  readonly failuresInARow: number;
  readonly limit: number | null;
  readonly failures: readonly Failure[];
}

const SHOWN_MAX = 20;
/** Attempts between the failures that count neither way, and some more. */
const EVENTS_MAX = 2_000;
const WHY_MAX = 160;

/** `yard breaker [show|reset]`. */
export async function breakerCommand(
  context: CommandContext,
  action: string | undefined,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  switch (action) {
    case undefined:
    case 'show':
      return show(context, options.json === true);
    case 'reset':
      return reset(context, options.json === true);
    default:
      throw new UserError({
        code: 'unknown-action',
        message: `yard breaker knows show and reset, not ${JSON.stringify(inertLine(action, 40))}`,
        hint: 'See: yard breaker --help',
      });
  }
}

async function show({ compose, cwd, output }: CommandContext, json: boolean): Promise<ExitCode> {
  const { reader, pin } = await compose.reading(cwd);
  try {
    const view = await look(reader, pin?.config.limits.consecutiveFailures ?? null);
    if (json) output.json(view);
    else for (const line of describe(view)) output.print(line);
    return EXIT.ok;
  } finally {
    await reader.close();
  }
}

async function reset(context: CommandContext, json: boolean): Promise<ExitCode> {
  const yard = await context.compose.yard(context.cwd);
  try {
    const { failuresInARow, stopped } = await yard.store.control();
    await yard.store.resetBreaker();
    if (json) context.output.json({ forgotten: failuresInARow, stopped: stopped !== null });
    else {
      const still = stopped === null ? 'yard run' : 'yard resume && yard run (the yard is stopped as well)';
      context.output.print(`${counted(failuresInARow, 'failure')} in a row forgotten. Go on with: ${still}`);
    }
    return EXIT.ok;
  } finally {
    await yard.store.close();
  }
}

async function look(reader: StoreReader, limit: number | null): Promise<BreakerView> {
  const { failuresInARow } = await reader.control();
  const types = ['attempt.finished', 'yard.resumed', 'breaker.reset'];
  const events = failuresInARow === 0 ? [] : await reader.events({ types, newest: true, limit: EVENTS_MAX });
  const open = limit !== null && failuresInARow >= limit;
  return { open, failuresInARow, limit, failures: lastFailures(events, Math.min(failuresInARow, SHOWN_MAX)) };
}

function lastFailures(events: readonly YardEvent[], most: number): Failure[] {
  const failures: Failure[] = [];
  for (const event of events.toReversed()) {
    if (failures.length >= most || event.type !== 'attempt.finished') break;
    const { outcome } = event.data as unknown as { readonly outcome: AttemptOutcome };
    if (outcome.kind === 'accepted') break;
    if (!countsForBreaker(outcome)) continue;
    const why = inertLine(outcomeWhy(outcome) ?? '', WHY_MAX);
    failures.push({ id: event.taskId ?? '', attempt: event.attempt, outcome: outcome.kind, why });
  }
  return failures.toReversed();
}

function describe({ open, failuresInARow, limit, failures }: BreakerView): string[] {
  const of = limit === null ? '' : ` (limit ${limit})`;
  const lines = [
    open
      ? `open: ${counted(failuresInARow, 'attempt')} failed in a row${of}, so nothing more starts`
      : `closed: ${counted(failuresInARow, 'attempt')} failed in a row${of}`,
    ...failures.map(({ id, attempt, outcome, why }) => `  ${id} attempt ${attempt}: ${outcome}, ${why}`),
  ];
  if (open) lines.push('Look at them with: yard logs ID. Go on with: yard breaker reset && yard run');
  return lines;
}
