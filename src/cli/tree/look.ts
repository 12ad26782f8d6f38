import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { positive, whole, words } from './argument.ts';
import { example, TASK } from './branch.ts';
import type { Run } from './branch.ts';

/** What only reads. */
export function lookCommands(program: Command, context: CommandContext, run: Run): void {
  lookAtYard(program, context, run);
  lookAtTasks(program, context, run);
  lookAtReasons(program, context, run);
  lookAtAttempts(program, context, run);
  example(
    program
      .command('doctor')
      .description('check what a machine or a person can break')
      .argument('[check...]', 'only these, and what they require')
      .option('--quick', 'leave out what takes longer than a second: no gate, no way out of a cell is tried')
      .option('--repair', 'repair what can be repaired without losing anything')
      .option('--json', 'print as JSON')
      .action((checks: string[], options: object) =>
        run(async () => (await import('../commands/doctor.ts')).doctorCommand(context, checks, options)),
      ),
    'yard doctor --repair',
  );
}

function lookAtYard(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('status')
      .description('what runs, what waits and why, what has landed')
      .option('--limit <number>', 'so many of what is done and of the attempts that ended last', whole)
      .option('--json', 'print as JSON')
      .option('--watch', 'show it until Ctrl-C; elsewhere than on a terminal, print again each second')
      .action((options: object) =>
        run(async () => (await import('../commands/status.ts')).statusCommand(context, options)),
      ),
    'yard status --json',
  );
  example(
    program
      .command('events')
      .description('what has happened, by number')
      .option('--since <number>', 'those after this one; the newest unless said', whole)
      .option('--type <type>', 'of this type, such as task.landed; several with commas, or repeat', words)
      .option('--task <id>', 'about this task')
      .option('--limit <number>', 'so many; 50 unless said, and all with --since', whole)
      .option('-f, --follow', 'go on with what happens, until Ctrl-C')
      .option('--json', 'print as JSON, one event a line')
      .action((options: object) =>
        run(async () => (await import('../commands/events.ts')).eventsCommand(context, options)),
      ),
    'yard events --type task.landed,task.no-progress',
    'yard events --since 1200 -f',
  );
}

function lookAtTasks(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('tasks')
      .description('all tasks')
      .option('--status <status>', 'only those; several with commas, or repeat', words)
      .option('--area <name>', 'only of this area; several with commas, or repeat', words)
      .option(
        '--agent <name>',
        'only tasks that this agent, or agent spec, may work on; several with commas, or repeat',
        words,
      )
      .option('--limit <number>', 'the first so many', whole)
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/tasks.ts')).tasksCommand(context, options)),
      ),
    'yard tasks --status ready,blocked --area api',
  );
  example(
    program
      .command('show')
      .description('all that is known of a task: what it asks for, how far it has come, what happened')
      .summary('all that is known of a task')
      .argument('<id>', TASK)
      .option('--json', 'print as JSON')
      .action((id: string, options: object) =>
        run(async () => (await import('../commands/show.ts')).showCommand(context, id, options)),
      ),
    'yard show TASK-0001',
  );
  example(
    program
      .command('graph')
      .description('which task comes after which, with their states')
      .option('--all', 'with tasks that are done, too')
      .option('--mermaid', 'as a Mermaid diagram')
      .option('--dot', 'for Graphviz')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/graph.ts')).graphCommand(context, options)),
      ),
    'yard graph --dot | dot -Tsvg > graph.svg',
  );
}

function lookAtReasons(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('why')
      .description("why a task does not move: the scheduler's own reasons")
      .argument('[id]', TASK)
      .option('--all', 'of all tasks that are not done')
      .option('--json', 'print as JSON')
      .action((id: string | undefined, options: object) =>
        run(async () => (await import('../commands/why.ts')).whyCommand(context, id, options)),
      ),
    'yard why TASK-0001',
    'yard why --all',
  );
  example(
    program
      .command('next')
      .description('what the next cycle would do, in order')
      .option('--explain', 'and why each ready task does not start that does not')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/next.ts')).nextCommand(context, options)),
      ),
    'yard next --explain',
  );
}

function lookAtAttempts(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('logs')
      .description('what the agent said and the gate printed')
      .argument('<id>', TASK)
      .option('-f, --follow', 'go on until the attempt ends')
      .option('--attempt <number>', 'of this attempt; the newest unless said', positive)
      .action((id: string, options: object) =>
        run(async () => (await import('../commands/logs.ts')).logsCommand(context, id, options)),
      ),
    'yard logs TASK-0001 -f',
  );
  example(
    program
      .command('diff')
      .description('what the newest attempt changed')
      .argument('<id>', TASK)
      .option('--stat', 'with a summary in front')
      .option('--attempt <number>', 'of this attempt', positive)
      .action((id: string, options: object) =>
        run(async () => (await import('../commands/diff.ts')).diffCommand(context, id, options)),
      ),
    'yard diff TASK-0001 --stat',
  );
}
