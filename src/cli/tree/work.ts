import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { positive } from './argument.ts';
import { example, TASK } from './branch.ts';
import type { Run } from './branch.ts';

/** What does the work. */
export function workCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('run')
      .description('run the backlog until it is done, or something ends it')
      .option('--max-hours <hours>', 'end after this many hours', positive)
      .option('--detach', 'go on in the background; returns when the first cycle has worked, or says why not')
      .option('--json', 'with --detach: print as JSON')
      .action((options: object) => run(async () => (await import('../commands/run.ts')).runCommand(context, options))),
    'yard run --max-hours 8',
    'yard run --detach',
  );
  example(
    program
      .command('attach')
      .description('show a run that goes on elsewhere; Ctrl-C leaves it alone')
      .action(() => run(async () => (await import('../commands/attach.ts')).attachCommand(context))),
    'yard attach',
  );
  example(
    program
      .command('reconcile')
      .description('run one cycle and return; what it started goes on by itself')
      .option('--dry-run', 'say what it would do, and do nothing')
      .option('--drain', 'start nothing new')
      .option('--no-land', 'do not start to land')
      .option('--sync', 'wait for what it started')
      .option('--json', 'print what was done as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/reconcile.ts')).reconcileCommand(context, options)),
      ),
    'yard reconcile --dry-run',
  );
  example(
    program
      .command('drive')
      .description('run one task until it has landed, or needs a person')
      .argument('<id>', TASK)
      .action((id: string) => run(async () => (await import('../commands/drive.ts')).driveCommand(context, id))),
    'yard drive TASK-0001',
  );
}
