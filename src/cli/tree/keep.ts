import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What is kept of the work, and what need not be. */
export function keepCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('salvage')
      .description('work that did not land: list it, show it, restore it')
      .argument('[action]', 'list, show or restore', 'list')
      .argument('[id]', 'such as TASK-0001/2; for list, a task')
      .option('--json', 'list, show: print as JSON')
      .option('--patch', 'show: the changes themselves')
      .option('--to <directory>', 'restore: write the files here, a new or empty directory')
      .option('--all', 'restore: all files, not only those that differ from the base')
      .option('--branch <name>', 'restore: make this branch instead of files')
      .option('--commit <id>', "show, restore: one of the agent's own commits")
      .action((action: string, id: string | undefined, options: object) =>
        run(async () => (await import('../commands/salvage.ts')).salvageCommand(context, action, id, options)),
      ),
    'yard salvage',
    'yard salvage show TASK-0001/2 --patch',
    'yard salvage restore TASK-0001/2 --to restored',
  );
  example(
    program
      .command('gc')
      .description('remove what is no longer needed; everything that has not landed is kept')
      .summary('remove what is no longer needed; what has not landed is kept')
      .option('--dry-run', 'say what would go and what would stay, and remove nothing')
      .option('--json', 'print as JSON')
      .action((options: object) => run(async () => (await import('../commands/gc.ts')).gcCommand(context, options))),
    'yard gc --dry-run',
  );
}
