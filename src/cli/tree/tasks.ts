import { Argument, Option } from 'commander';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { list, number } from './argument.ts';
import { example, TASK, TASKS } from './branch.ts';
import type { Run } from './branch.ts';

/** As in `config/backlog-text.ts`, which is loaded only when it reads. */
const FORMATS = ['json', 'yaml', 'ndjson', 'markdown'];

/** What says what is to be done. */
export function taskCommands(program: Command, context: CommandContext, run: Run): void {
  addTask(program, context, run);
  importTasks(program, context, run);
  editTask(program, context, run);
  supersedeTask(program, context, run);
  const edit = () => import('../commands/edit.ts');
  example(
    program
      .command('priority')
      .description('put a task before others, or behind them')
      .argument('<id>', TASK)
      .argument('<number>', 'higher goes first; 0 is the default', number)
      .action((id: string, value: number) => run(async () => (await edit()).priorityCommand(context, id, value))),
    'yard priority TASK-0001 5',
  );
  example(
    program
      .command('reassign')
      .description('give a task to another agent')
      .argument('<id>', TASK)
      .argument('<agent>', 'name[:model[:effort]]; several with commas stand in for each other; empty for the default')
      .action((id: string, agent: string) => run(async () => (await edit()).reassignCommand(context, id, agent))),
    'yard reassign TASK-0001 claude',
  );
}

/** The options that say what a task is; `unless` is what holds where they say nothing. */
function taskOptions(command: Command, unless: { readonly objective: string; readonly others: string }): Command {
  return command
    .option('--objective <text>', `what is to be done, in full; ${unless.objective} unless said`)
    .option('--accept <text>', 'acceptance criterion; repeat for more', list)
    .option('--owns <pattern>', 'paths that the task may change; repeat for more', list)
    .option('--forbids <pattern>', 'paths that it must not change; repeat for more', list)
    .option('--after <id>', 'task that must have landed before; repeat for more', list)
    .option('--context <text>', 'what the agent should know')
    .option('--gate <name>', `gate of the configuration; ${unless.others} unless said`)
    .option(
      '--agent <spec>',
      `agent, name[:model[:effort]]; several with commas stand in for each other; ${unless.others} unless said`,
    )
    .option('--area <name>', 'area of the code base')
    .option('--priority <number>', 'higher goes first', number)
    .option('--test-policy <name>', 'how the agent is to test');
}

function addTask(program: Command, context: CommandContext, run: Run): void {
  const command = program
    .command('add')
    .description('add a task; asks on a terminal for what is missing')
    .argument('[title]', 'what is to be done, in a line')
    .option('--id <id>', 'id, such as TASK-0001; the next free one unless said')
    .option('--supersedes <id>', 'task that this one replaces; repeat for more', list);
  example(
    taskOptions(command, { objective: 'the title', others: 'the default one' })
      .option('--from <file>', 'add all tasks of a file (- for stdin), or none if one is wrong')
      .addOption(new Option('--format <name>', 'what the file is written in').choices(FORMATS))
      .option('--dry-run', 'check, say what would be added, and write nothing')
      .option('--json', 'print what was added as JSON')
      .action((title: string | undefined, options: object) =>
        run(async () => (await import('../commands/add.ts')).addCommand(context, title, options)),
      ),
    'yard add "Use node: imports in packages/core" --owns packages/core --accept "no import without node:"',
    'yard add --from backlog.md --dry-run',
  ).addHelpText('after', CHECKLIST);
}

const CHECKLIST = `
A checklist is Markdown, with what is to be said of a task at the end of its line:
  - [ ] Move the cart {key: cart; owns: src/cart, docs/*.md}
    - it moves
  - [ ] Then the stock {after: cart, TASK-0003; priority: 2}
    - it moves, too`;

function editTask(program: Command, context: CommandContext, run: Run): void {
  const command = program
    .command('edit')
    .description('change tasks; without options, opens the file of one in your editor')
    .summary('change tasks, or open the file of one in your editor')
    .argument('<id...>', TASKS)
    .option('--title <text>', 'what is to be done, in a line')
    .option('--objective <text>', 'what is to be done, in full')
    .option('--context <text>', 'what the agent should know')
    .option('--accept <text>', 'acceptance criterion, instead of all that there are; repeat for more', list)
    .option('--add-accept <text>', 'one more acceptance criterion; repeat for more', list);
  for (const [name, what] of [
    ['owns', 'paths that the task may change'],
    ['forbids', 'paths that it must not change'],
    ['after', 'tasks that must have landed before'],
  ] as const) {
    command
      .option(`--${name} <entry>`, `${what}, instead of all that there are; repeat for more`, list)
      .option(`--add-${name} <entry>`, `${what}: one more; repeat for more`, list)
      .option(`--drop-${name} <entry>`, `${what}: one less; repeat for more`, list);
  }
  example(
    command
      .option('--area <name>', 'area of the code base; empty for none')
      .option('--gate <name>', 'gate of the configuration; empty for the default')
      .option(
        '--agent <spec>',
        'agent, name[:model[:effort]]; several with commas stand in for each other; empty for the default',
      )
      .option('--priority <number>', 'higher goes first', number)
      .option('--test-policy <name>', 'how the agent is to test; empty for none')
      .option('--discard', 'drop the edit that was kept, and open the file as it is')
      .option('--json', 'print the tasks as JSON')
      .action((ids: string[], options: object) =>
        run(async () => (await import('../commands/edit.ts')).editCommand(context, ids, options)),
      ),
    'yard edit TASK-0001',
    'yard edit TASK-0001 --add-owns docs/cli.md',
    'yard edit TASK-0002 TASK-0003 --area cli --priority 3',
  );
}

function supersedeTask(program: Command, context: CommandContext, run: Run): void {
  const command = program
    .command('supersede')
    .description('put another task in the place of one; what is not said of a new one is taken over')
    .summary('put another task in the place of one')
    .argument('<id>', TASK)
    .argument('[title]', 'what is to be done instead, in a line')
    .option('--by <id>', 'a task that exists already, instead of a new one')
    .option('--id <id>', 'id of the new task; the next free one unless said');
  example(
    taskOptions(command, { objective: 'that of the old one', others: 'that of the old one' })
      .option('--json', 'print the tasks as JSON')
      .action((id: string, title: string | undefined, options: object) =>
        run(async () => (await import('../commands/supersede.ts')).supersedeCommand(context, id, title, options)),
      ),
    'yard supersede TASK-0001 "Rename the flag, and keep the old name as an alias" --accept "both names work"',
    'yard supersede TASK-0001 --by TASK-0002',
  );
}

function importTasks(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('import')
      .description('add the tasks of another orchestrator that are not done there')
      .summary('add the open tasks of another orchestrator')
      .addArgument(new Argument('<system>', 'whose they are').choices(['oompa', 'gluerun']))
      .argument('<path>', 'its project, or its directory of tasks')
      .option('--accept <text>', 'acceptance criterion of those that have none; repeat for more', list)
      .option('--dry-run', 'check, say what would be added, and write nothing')
      .option('--json', 'print what was added as JSON')
      .action((system: 'oompa' | 'gluerun', path: string, options: object) =>
        run(async () => (await import('../commands/import.ts')).importCommand(context, system, path, options)),
      ),
    'yard import gluerun ../engine --dry-run',
  );
}
