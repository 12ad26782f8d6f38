import { Option } from 'commander';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { SCENARIO_NAMES } from '../demo/scenario-names.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What makes a yard. */
export function setUpCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('init')
      .description('write .yard/config.yaml and what goes with it')
      .option('--target <branch>', 'branch that tasks land on', 'agent/integration')
      .option('--gate <command>', 'command that proves a tree healthy')
      .option('--yes', 'take the proposed gate without asking')
      .action((options: object) =>
        run(async () => (await import('../commands/init.ts')).initCommand(context, options)),
      ),
    'yard init --gate "npm test"',
  );
  example(
    program
      .command('demo')
      .description('make a small project and run a backlog through it; no key, no network')
      .summary('see it work in a small project; no key, no network')
      .addOption(new Option('--scenario <name>', `which demo: ${SCENARIO_NAMES.join(', ')}`).default('backlog'))
      .option('--directory <path>', 'make it here, an empty or new directory, not in a temporary one')
      .action((options: object) =>
        run(async () => (await import('../commands/demo.ts')).demoCommand(context, options)),
      ),
    'yard demo',
  );
}
