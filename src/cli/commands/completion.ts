import { impossible } from '../../core/impossible.ts';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import type { ProgramShape } from '../completion/command-shape.ts';
import type { Shell } from '../completion/shell.ts';
import { zshScript } from '../completion/zsh.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

/** `yard completion SHELL`: a script for a shell, made from the command tree. */
export function completionCommand({ output }: CommandContext, program: ProgramShape, shell: Shell): Promise<ExitCode> {
  output.write(scriptFor(shell, program));
  return Promise.resolve(EXIT.ok);
}

function scriptFor(shell: Shell, program: ProgramShape): string {
  switch (shell) {
    case 'bash':
      return bashScript(program);
    case 'zsh':
      return zshScript(program);
    case 'fish':
      return fishScript(program);
    default:
      throw impossible(shell satisfies never);
  }
}
