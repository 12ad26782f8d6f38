import type { Command } from 'commander';

import type { CommandContext, ExitCode } from '../context.ts';

/** Runs a command's action and keeps its exit code. */
export type Run = (action: () => Promise<ExitCode>) => Promise<void>;

/** Adds commands to the tree. What carries them out is loaded when one is called. */
export type Branch = (program: Command, context: CommandContext, run: Run) => void;

/** What the man page shows as well. */
const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** With the lines of an example under its help. */
export function example(command: Command, ...lines: readonly string[]): Command {
  EXAMPLES.set(command, lines);
  command.showHelpAfterError(`(see: ${seeHelp(command.name())})`);
  return command.exitOverride().addHelpText('after', `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

/** Where to look after wrong usage of a command; of the program itself where it is none. */
export function seeHelp(name: string | undefined): string {
  return name === undefined ? 'yard --help' : `yard ${name} --help`;
}

/** What `<id>` is, in the help of each command. */
export const TASK = 'a task, such as TASK-0001';
export const TASKS = 'tasks, such as TASK-0001';

export function examplesOf(command: Command): readonly string[] {
  return EXAMPLES.get(command) ?? [];
}
