import type { Command } from 'commander';
import type { CommandContext } from '../src/cli/context.ts';
import { Output } from '../src/cli/terminal/output.ts';
import { makeProgram } from '../src/cli/program.ts';
import { makeRedactor } from '../src/core/redact.ts';

/** The command tree, to be looked at. */
export function commandTree(): Command {
  const context: CommandContext = {
    cwd: '/',
    env: {},
    output: new Output(process.stdout, process.stderr, {}, makeRedactor([])),
    stdin: process.stdin,
    get compose(): never {
      throw new Error('nothing is carried out here');
    },
  };
  return makeProgram(context, () => Promise.resolve(), '0.0.0');
}
