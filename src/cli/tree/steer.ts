import type { Command } from 'commander';

import type { CommandContext, ExitCode } from '../context.ts';
import { example, TASK, TASKS } from './branch.ts';
import type { Run } from './branch.ts';

/** What decides over one task, or over some. */
export function steerCommands(program: Command, context: CommandContext, run: Run): void {
  decisions(program, context, run);
  const park = () => import('../commands/park.ts');
  example(
    onTasks(program, 'park', 'let nothing more happen with it until it is put back; its work is kept')
      .summary('let nothing more happen with tasks; their work is kept')
      .option('--why <text>', 'shown wherever it is asked for')
      .action((ids: string[], options: object) => run(async () => (await park()).parkCommand(context, ids, options))),
    'yard park TASK-0001 --why "after the release"',
  );
  example(
    onTasks(program, 'unpark', 'put parked tasks back, with all their retries', '[ids...]')
      .alias('retry')
      .option('--all', 'all that are parked')
      .action((ids: string[], options: object) => run(async () => (await park()).unparkCommand(context, ids, options))),
    'yard unpark TASK-0001',
    'yard unpark --all',
  );
  example(
    onTasks(program, 'wake', 'start at once what was put off after a failure; all of it unless named', '[ids...]')
      .summary('start at once what was put off after a failure')
      .action((ids: string[], options: object) => run(async () => (await park()).wakeCommand(context, ids, options))),
    'yard wake',
  );
  example(
    onTasks(program, 'cancel', 'cancel tasks for good; their work is kept').action((ids: string[], options: object) =>
      run(async () => (await park()).cancelCommand(context, ids, options)),
    ),
    'yard cancel TASK-0001',
  );
}

function onTasks(program: Command, name: string, description: string, ids = '<ids...>'): Command {
  return program.command(name).description(description).argument(ids, TASKS).option('--json', 'print as JSON');
}

/** What a task that is blocked waits for. */
function decisions(program: Command, context: CommandContext, run: Run): void {
  const decide = () => import('../commands/decide.ts');
  const onBlocked = (
    name: string,
    description: string,
    argument: readonly [name: string, description: string],
    act: (id: string, text: string, options: object) => Promise<ExitCode>,
  ): Command =>
    program
      .command(name)
      .description(description)
      .argument('<id>', TASK)
      .argument(...argument)
      .option('--json', 'print as JSON')
      .action((id: string, text: string, options: object) => run(() => act(id, text, options)));
  example(
    onBlocked(
      'answer',
      'answer a question; the next attempt gets the answer',
      ['<text>', 'the answer'],
      async (...all) => (await decide()).answerCommand(context, ...all),
    ),
    'yard answer TASK-0001 "Keep the old name as an alias"',
  );
  const hash = ['[hash]', 'only if exactly this waits'] as const;
  example(
    onBlocked('approve', 'approve a change to protected paths', hash, async (...all) =>
      (await decide()).approveCommand(context, ...all),
    ),
    'yard approve TASK-0001 3f2a9c01d4e7',
  );
  example(
    onBlocked('refuse', 'refuse what waits for a person; parks the task', hash, async (...all) =>
      (await decide()).refuseCommand(context, ...all),
    ),
    'yard refuse TASK-0001',
  );
}
