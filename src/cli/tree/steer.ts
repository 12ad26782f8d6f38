import type { Command } from 'commander';

import type { CommandContext, ExitCode } from '../context.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What decides over one task. */
export function steerCommands(program: Command, context: CommandContext, run: Run): void {
  const steer = () => import('../commands/steer.ts');
  const onTask = (name: string, description: string, act: (id: string) => Promise<ExitCode>): void => {
    example(
      program
        .command(name)
        .description(description)
        .argument('<id>')
        .action((id: string) => run(() => act(id))),
      `yard ${name} TASK-0001`,
    );
  };
  example(
    program
      .command('answer')
      .description('answer a question; the next attempt gets the answer')
      .argument('<id>')
      .argument('<text>')
      .action((id: string, text: string) => run(async () => (await steer()).answerCommand(context, id, text))),
    'yard answer TASK-0001 "Keep the old name as an alias"',
  );
  example(
    program
      .command('approve')
      .description('approve a change to protected paths')
      .argument('<id>')
      .argument('[hash]', 'approve only if exactly this waits')
      .action((id: string, hash: string | undefined) =>
        run(async () => (await steer()).approveCommand(context, id, hash)),
      ),
    'yard approve TASK-0001 3f2a9c01d4e7',
  );
  example(
    program
      .command('refuse')
      .description('refuse what waits for a person; parks the task')
      .argument('<id>')
      .argument('[hash]')
      .action((id: string, hash: string | undefined) =>
        run(async () => (await steer()).refuseCommand(context, id, hash)),
      ),
    'yard refuse TASK-0001',
  );
  onTask('retry', 'put a parked task back, with all its retries', async (id) =>
    (await steer()).retryCommand(context, id),
  );
  onTask('cancel', 'cancel a task; its work is kept', async (id) => (await steer()).cancelCommand(context, id));
}
