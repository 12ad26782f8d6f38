import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What holds, and which version of what is at work. */
export function configureCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('config')
      .description('the values that hold, and where each comes from')
      .argument('[key]', 'a key, or a group of them such as limits; all unless said')
      .option('--schema', 'print the JSON schema of the files')
      .option('--json', 'print as JSON')
      .action((key: string | undefined, options: object) =>
        run(async () => (await import('../commands/config.ts')).configCommand(context, key, options)),
      ),
    'yard config limits',
  );
}
