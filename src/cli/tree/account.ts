import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { days } from './argument.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

const SINCE = 'from then: 8h, yesterday, a date or time, or the number of an event; the last run unless said';

/** What gives account of what was done. */
export function accountCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('report')
      .description('what landed, was parked, waits for you, and what it cost')
      .option('--since <time>', SINCE)
      .option('--until <time>', 'until then; now unless said')
      .option('--markdown', 'print as Markdown')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/report.ts')).reportCommand(context, options)),
      ),
    'yard report --since 8h',
    'yard report --since yesterday --markdown',
  );
  example(
    program
      .command('metrics')
      .description('throughput, lead time, failures, time at gates')
      .option('--since <time>', SINCE)
      .option('--until <time>', 'until then; now unless said')
      .option('--json', 'print as JSON')
      .option('--prometheus', 'print as Prometheus reads it; of all that ever happened unless --since is said')
      .action((options: object) =>
        run(async () => (await import('../commands/metrics.ts')).metricsCommand(context, options)),
      ),
    'yard metrics --since 7d',
  );
  example(
    program
      .command('cost')
      .description('what agents used and what it cost: tokens, time and money')
      .option('--by <key>', 'task, agent, model or day; task unless said')
      .option('--days <number>', 'of so many days, the last one today (UTC); all unless said', days)
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/cost.ts')).costCommand(context, options)),
      ),
    'yard cost --by agent',
    'yard cost --by day --days 7',
  );
  example(
    program
      .command('export')
      .description('tasks and the whole history as plain files or lines of JSON')
      .option('--to <directory>', 'write files into this directory, new or empty')
      .option('--json', 'print one object for each task, attempt, answer, approval and event')
      .option(
        '--since <time>',
        'events from then: 8h, yesterday, a date or time, or the number of an event; all unless said',
      )
      .action((options: object) =>
        run(async () => (await import('../commands/export.ts')).exportCommand(context, options)),
      ),
    'yard export --to yard-history',
  );
  example(
    program
      .command('notify')
      .description('who is told when a person is needed, and a test of it')
      .argument('[action]', 'show or test; show unless said')
      .option('--json', 'print as JSON')
      .action((action: string | undefined, options: object) =>
        run(async () => (await import('../commands/notify.ts')).notifyCommand(context, action, options)),
      ),
    'yard notify test',
  );
}
