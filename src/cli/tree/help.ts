import { Argument } from 'commander';
import type { Command } from 'commander';

import { SHELLS } from '../completion/shell.ts';
import type { Shell } from '../completion/shell.ts';
import type { CommandContext } from '../context.ts';
import { TOPICS } from '../help/topics.ts';
import { example } from './branch.ts';
import type { Run } from './branch.ts';

/** What tells of the commands themselves. */
export function helpCommands(program: Command, context: CommandContext, run: Run): void {
  program.helpCommand(false);
  example(
    program
      .command('help')
      .description('how a command is used, or a page on a topic')
      .argument('[topic]', `a command, or one of: ${TOPICS.map(({ name }) => name).join(', ')}`)
      .action((topic: string | undefined) =>
        run(async () => (await import('../commands/help.ts')).helpCommand(context, program, topic)),
      ),
    'yard help exit-codes',
    'yard help unpark',
  );
  example(
    program
      .command('completion')
      .description('print a script that completes commands, options and ids')
      .addArgument(new Argument('<shell>').choices(SHELLS))
      .action((shell: Shell) =>
        run(async () => {
          const [{ completionCommand }, { programShape }] = await Promise.all([
            import('../commands/completion.ts'),
            import('../completion/command-shape.ts'),
          ]);
          return completionCommand(context, programShape(program), shell);
        }),
      ),
    'source <(yard completion bash)                                # in ~/.bashrc',
    'source <(yard completion zsh)                                 # in ~/.zshrc, after compinit',
    'yard completion fish > ~/.config/fish/completions/yard.fish   # once',
  );
}
