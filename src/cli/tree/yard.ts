import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { duration } from './argument.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What decides over the whole yard. */
export function yardCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('stop')
      .description('start and land nothing more; what runs comes to its end, or is ended with --now')
      .summary('start and land nothing more, and end the run')
      .option('--now', 'end what runs as well; its tasks are ready again, its work is kept')
      .option('--wait', 'return when nothing is at work any more')
      .option('--timeout <duration>', 'with --wait: not longer than this, such as 10m; exit code 1 then', duration)
      .option('--why <text>', 'shown wherever something waits for it')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/stop.ts')).stopCommand(context, options)),
      ),
    'yard stop --wait',
  );
  const pause = () => import('../commands/pause.ts');
  example(
    program
      .command('pause')
      .description('start nothing more of an area or an agent, land nothing (train), or start nothing at all')
      .summary('start nothing for a while: all, an area, an agent, the train')
      .argument('[what...]', 'area NAME, agent NAME, or train; all starts unless said')
      .option('--why <text>', 'shown wherever something waits for it')
      .option('--json', 'print as JSON')
      .action((what: string[], options: object) =>
        run(async () => (await pause()).pauseCommand(context, what, options)),
      ),
    'yard pause agent claude --why "its quota"',
    'yard pause train',
  );
  example(
    program
      .command('resume')
      .description('go on after a pause or a stop, after failures in a row, or after the target was moved back')
      .summary('go on after a pause, a stop, or failures in a row')
      .argument('[what...]', 'the pause of: area NAME, agent NAME, or train')
      .option('--json', 'print as JSON')
      .action((what: string[], options: object) =>
        run(async () => (await pause()).resumeCommand(context, what, options)),
      ),
    'yard resume',
    'yard resume agent claude',
  );
  pools(program, context, run);
  example(
    program
      .command('drain')
      .description('start nothing more, let what runs come to its end and land, and end the run then')
      .summary('start nothing more; what runs lands, and the run ends')
      .option('--timeout <duration>', 'wait not longer than this, such as 2h; exit code 1 then', duration)
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('../commands/drain.ts')).drainCommand(context, options)),
      ),
    'yard drain',
  );
  example(
    program
      .command('breaker')
      .description('failures in a row, which end a run: show them, or forget them')
      .summary('failures in a row, which end a run: show or forget them')
      .argument('[action]', 'show or reset; show unless said')
      .option('--json', 'print as JSON')
      .action((action: string | undefined, options: object) =>
        run(async () => (await import('../commands/breaker.ts')).breakerCommand(context, action, options)),
      ),
    'yard breaker reset',
  );
}

function pools(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('pools')
      .description('accounts of agents: what runs, what was spent today, what holds them; pause, resume or clear one')
      .summary('accounts of agents: show, pause, resume or clear')
      .argument('[what...]', 'pause NAME, resume NAME, or clear NAME (forget what failures did to it)')
      .option('--why <text>', 'with pause: shown wherever something waits for it')
      .option('--json', 'print as JSON')
      .action((what: string[], options: object) =>
        run(async () => (await import('../commands/pools.ts')).poolsCommand(context, what, options)),
      ),
    'yard pools',
    'yard pools clear claude',
  );
}
