import { inertLine } from '../../core/inert.ts';
import { TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode, Reading } from '../context.ts';

/** More than a person looks through. */
const OFFERS_MAX = 300;
const LENGTH_MAX = 200;

/**
 * `yard _complete WORD BEFORE QUESTION…`: what a shell may offer for a word that is being typed, a line each. Called by
 * the scripts of `yard completion`, never typed.
 */
export async function completeCommand(context: CommandContext, args: readonly string[]): Promise<ExitCode> {
  const [word = '', before = '', question = '', ...more] = args;
  for (const offer of await offersOrNone(context, { word, before, question, more })) {
    context.output.print(inertLine(offer, LENGTH_MAX));
  }
  return EXIT.ok;
}

interface Question {
  readonly word: string;
  readonly before: string;
  readonly question: string;
  readonly more: readonly string[];
}

async function offersOrNone(context: CommandContext, asked: Question): Promise<readonly string[]> {
  try {
    return await offers(context, asked);
  } catch {
    // Somebody is in the middle of a line: where there is no yard, or it cannot be read, nothing is offered. The command
    // itself will say why.
    return [];
  }
}

async function offers({ compose, cwd }: CommandContext, asked: Question): Promise<readonly string[]> {
  if (asked.question === 'keys') return keys();
  if (asked.question === 'checks') return (await import('./doctor.ts')).checkIds();
  const reading = await compose.reading(cwd);
  try {
    return await fromYard(reading, asked);
  } finally {
    await reading.reader.close();
  }
}

async function fromYard({ reader, pin }: Reading, asked: Question): Promise<readonly string[]> {
  const { word, before, question, more } = asked;
  switch (question) {
    case 'tasks': {
      const statuses = more.filter((name): name is TaskStatus => TASK_STATUSES.includes(name as TaskStatus));
      return reader.taskIds({
        prefix: word,
        statuses: statuses.length === 0 ? TASK_STATUSES : statuses,
        limit: OFFERS_MAX,
      });
    }
    case 'agents':
    case 'areas':
    case 'gates':
      return Object.keys(pin?.config[question] ?? {});
    // After `area` or `agent`, in the arguments of `yard pause`.
    case 'named':
      return fromYard({ reader, pin } as Reading, { ...asked, question: `${before}s` });
    default:
      return [];
  }
}

/** Of the configuration, those that have a fixed name. */
async function keys(): Promise<string[]> {
  const [{ configJsonSchema }, { scalarKeys }] = await Promise.all([
    import('../../config/schema.ts'),
    import('../../config/schema-keys.ts'),
  ]);
  return scalarKeys(configJsonSchema()).map(({ path }) => path.join('.'));
}
