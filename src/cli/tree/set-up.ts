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
      .option('--agent <spec>', 'agent that does the work, such as claude or codex:gpt-5.5:high; see yard agents')
      .option('--yes', 'take the proposed gate and agent without asking')
      .action((options: object) =>
        run(async () => (await import('../commands/init.ts')).initCommand(context, options)),
      ),
    'yard init --gate "npm test"',
  );
  example(
    program
      .command('agents')
      .description(
        'coding agents: which are installed and logged in, what they can do; probe takes one tiny turn of each',
      )
      .summary('coding agents: what is installed; try them')
      .argument('[action]', 'probe; all are listed unless said')
      .argument('[spec...]', 'which to probe, such as codex:gpt-5.5; that of the defaults unless said')
      .option('--all', 'with probe: all that the defaults and open tasks name')
      .option('--json', 'print as JSON')
      .action((action: string | undefined, specs: string[], options: object) =>
        run(async () =>
          (await import('../commands/agents.ts')).agentsCommand(
            context,
            action === undefined ? [] : [action, ...specs],
            options,
          ),
        ),
      ),
    'yard agents',
    'yard agents probe claude codex',
  );
  example(
    program
      .command('demo')
      .description('make a small project and run a backlog through it; no key, no network')
      .summary('see it work in a small project; no key, no network')
      .addOption(new Option('--scenario <name>', `which demo: ${SCENARIO_NAMES.join(', ')}`).default('backlog'))
      .option('--directory <path>', 'make it here, an empty or new directory, not in a temporary one')
      .option('--agent <spec>', 'a real program works on it, such as codex or claude; see yard agents')
      .option('--stub-model', 'with --agent: a scripted model stands in for its provider; no key, no network')
      .option('--yes', 'with --agent: its provider may charge for it')
      .action((options: object) =>
        run(async () => (await import('../commands/demo.ts')).demoCommand(context, options)),
      ),
    'yard demo',
    'yard demo --agent codex --stub-model',
  );
}
