import { Option } from 'commander';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { list, number } from './argument.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What makes a yard and gives it work. */
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
      .command('add')
      .description('add a task; asks on a terminal for what is missing')
      .argument('[title]', 'what is to be done, in a line')
      .option('--id <id>', 'id, such as TASK-0001; the next free one unless said')
      .option('--objective <text>', 'what is to be done, in full; the title unless said')
      .option('--accept <text>', 'acceptance criterion; repeat for more', list)
      .option('--owns <pattern>', 'paths that the task may change; repeat for more', list)
      .option('--forbids <pattern>', 'paths that it must not change; repeat for more', list)
      .option('--after <id>', 'task that must have landed before; repeat for more', list)
      .option('--supersedes <id>', 'task that this one replaces; repeat for more', list)
      .option('--context <text>', 'what the agent should know')
      .option('--area <name>', 'area of the code base')
      .option('--gate <name>', 'gate of the configuration; the default one unless said')
      .option('--agent <spec>', 'agent, name[:model[:effort]]; the default one unless said')
      .option('--priority <number>', 'higher goes first', number)
      .option('--test-policy <name>', 'how the agent is to test')
      .option('--json', 'print the task as JSON')
      .action((title: string | undefined, options: object) =>
        run(async () => (await import('../commands/add.ts')).addCommand(context, title, options)),
      ),
    'yard add "Use node: imports in packages/core" --owns packages/core --accept "no import without node:"',
  );
  example(
    program
      .command('demo')
      .description('make a small project and run a backlog through it; no key, no network')
      .addOption(new Option('--scenario <name>', 'which demo').default('backlog'))
      .option('--directory <path>', 'make it here, an empty or new directory, not in a temporary one')
      .action((options: object) =>
        run(async () => (await import('../commands/demo.ts')).demoCommand(context, options)),
      ),
    'yard demo',
  );
}
