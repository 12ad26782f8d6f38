import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What decides over the whole yard. */
export function yardCommands(program: Command, context: CommandContext, run: Run): void {
  const steer = () => import('../commands/steer.ts');
  example(
    program
      .command('stop')
      .description('start and land nothing more; what runs comes to its end, or is ended with --now')
      .option('--now', 'end what runs as well; its tasks are ready again, its work is kept')
      .option('--why <text>', 'shown wherever something waits for it')
      .option('--json', 'print as JSON')
      .action((options: object) => run(async () => (await steer()).stopCommand(context, options))),
    'yard stop',
  );
  example(
    program
      .command('breaker')
      .description('failures in a row, which end a run: show them, or forget them')
      .argument('[action]', 'show or reset; show unless said')
      .option('--json', 'print as JSON')
      .action((action: string | undefined, options: object) =>
        run(async () => (await import('../commands/breaker.ts')).breakerCommand(context, action, options)),
      ),
    'yard breaker reset',
  );
  example(
    program
      .command('resume')
      .description('go on after a stop, after failures in a row, or after the target was moved back')
      .action(() => run(async () => (await steer()).resumeCommand(context))),
    'yard resume',
  );
}
