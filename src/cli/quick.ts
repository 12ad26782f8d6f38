import { nextCommand } from './commands/next.ts';
import { statusCommand } from './commands/status.ts';
import { tasksCommand } from './commands/tasks.ts';
import { whyCommand } from './commands/why.ts';
import type { CommandContext, ExitCode } from './context.ts';

/**
 * The commands that are typed most, when they are typed exactly so, and what shells ask while one is typed: for these the
 * parser of arguments would be a third of the time. Null: it is for the parser to say what is meant.
 */
export async function runQuick(context: CommandContext, args: readonly string[]): Promise<ExitCode | null> {
  const [command, argument = '', ...rest] = args;
  if (command === '_complete') {
    const { completeCommand } = await import('./commands/complete.ts');
    return completeCommand(context, args.slice(1));
  }
  if (rest.length > 0) return null;
  const json = argument === '--json';
  const isPlain = argument === '' || json;
  if (command === 'status' && isPlain) {
    return statusCommand(context, { json });
  }
  if (command === 'tasks' && isPlain) {
    return tasksCommand(context, { json });
  }
  if (command === 'next' && (isPlain || argument === '--explain')) {
    return nextCommand(context, { json, explain: argument === '--explain' });
  }
  if (command === 'why' && argument !== '' && !argument.startsWith('-')) {
    return whyCommand(context, argument, {});
  }
  return null;
}
