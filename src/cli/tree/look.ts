import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { positive } from './argument.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What only reads. */
export function lookCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('status')
      .description('what runs, what waits and why, what has landed')
      .option('--json', 'print as JSON')
      .option('--watch', 'print again each second')
      .action((options: object) =>
        run(async () => (await import('../commands/status.ts')).statusCommand(context, options)),
      ),
    'yard status --json',
  );
  example(
    program
      .command('why')
      .description("why a task does not move: the scheduler's own reasons")
      .argument('<id>')
      .option('--json', 'print as JSON')
      .action((id: string, options: object) =>
        run(async () => (await import('../commands/why.ts')).whyCommand(context, id, options)),
      ),
    'yard why TASK-0001',
  );
  example(
    program
      .command('logs')
      .description('what the agent said and the gate printed')
      .argument('<id>')
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
      .argument('<id>')
      .option('--stat', 'with a summary in front')
      .option('--attempt <number>', 'of this attempt', positive)
      .action((id: string, options: object) =>
        run(async () => (await import('../commands/diff.ts')).diffCommand(context, id, options)),
      ),
    'yard diff TASK-0001 --stat',
  );
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
