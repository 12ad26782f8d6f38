import type { Command } from 'commander';

import { nearest } from '../../core/nearest.ts';
import { UserError } from '../../core/user-error.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { pageWidth, TOPICS } from '../help/topics.ts';

/** `yard help [COMMAND|TOPIC]`. */
export async function helpCommand(
  context: CommandContext,
  program: Command,
  asked: string | undefined,
): Promise<ExitCode> {
  if (asked === undefined) {
    program.outputHelp();
    return EXIT.ok;
  }
  const command = program.commands.find((each) => each.name() === asked || each.aliases().includes(asked));
  if (command !== undefined) {
    command.outputHelp();
    return EXIT.ok;
  }
  const topic = TOPICS.find(({ name }) => name === asked);
  if (topic === undefined) throw unknown(asked, program);
  for (const line of await topic.lines(pageWidth(context))) context.output.print(line);
  return EXIT.ok;
}

function unknown(asked: string, program: Command): UserError {
  const near = nearest(asked, [...program.commands.map((each) => each.name()), ...TOPICS.map(({ name }) => name)]);
  const topics = TOPICS.map(({ name }) => name).join(', ');
  const see = `Topics: ${topics}. All commands: yard --help`;
  return new UserError({
    code: 'no-such-help',
    message: `there is no command and no topic ${JSON.stringify(asked)}`,
    hint: near === null ? see : `Did you mean: yard help ${near}? ${see}`,
  });
}
