import { Command, CommanderError } from 'commander';

import { EXIT } from './context.ts';
import type { CommandContext, ExitCode } from './context.ts';
import { usageError, wantsJson } from './json-error.ts';
import { TOPICS } from './help/topics.ts';
import { accountCommands } from './tree/account.ts';
import type { Branch, Run } from './tree/branch.ts';
import { seeHelp } from './tree/branch.ts';
import { configureCommands } from './tree/configure.ts';
import { helpCommands } from './tree/help.ts';
import { keepCommands } from './tree/keep.ts';
import { lookCommands } from './tree/look.ts';
import { setUpCommands } from './tree/set-up.ts';
import { steerCommands } from './tree/steer.ts';
import { taskCommands } from './tree/tasks.ts';
import { workCommands } from './tree/work.ts';
import { yardCommands } from './tree/yard.ts';

/** Carries out what the arguments say. */
export async function runProgram(context: CommandContext, args: readonly string[], version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const run = (action: () => Promise<ExitCode>): Promise<void> => action().then((result) => void (code = result));
  const program = makeProgram(context, run, version);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for; anything else is wrong usage.
    if (error.exitCode === 0) return EXIT.ok;
    if (wantsJson(args)) context.output.json(usageError(error.message, seeHelp(named(program, args[0])?.name())));
    return EXIT.usage;
  }
}

function named(program: Command, word: string | undefined): Command | undefined {
  return program.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ''));
}

/** The command tree. Actions load their implementation when they are called, so that `--help` and `status` stay quick. */
export function makeProgram(context: CommandContext, run: Run, version: string): Command {
  const program = new Command('yard')
    .description('Runs a backlog with autonomous coding agents in parallel and lands only what was proven.')
    .version(version)
    .showHelpAfterError('(see: yard --help)')
    .configureOutput({
      writeOut: (text) => context.output.print(text.replace(/\n$/, '')),
      writeErr: (text) => context.output.say(text.trimEnd()),
    })
    .configureHelp({ subcommandTerm: nameOf, minWidthToWrap: HELP_COLUMN_MIN })
    .addHelpText('after', HELP_AFTER)
    .exitOverride();
  for (const [heading, branch] of BRANCHES) branch(program.commandsGroup(heading), context, run);
  return program;
}

/** What it takes is told by its own help: with that, half of the commands would need two lines. */
function nameOf(command: Command): string {
  return [command.name(), ...command.aliases()].join('|');
}

/** Descriptions stand in a column of their own as long as it has so much room. */
const HELP_COLUMN_MIN = 20;

/** In the order of the help. */
const BRANCHES: readonly (readonly [heading: string, branch: Branch])[] = [
  ['Set up:', setUpCommands],
  ['Tasks:', taskCommands],
  ['Work:', workCommands],
  ['Look:', lookCommands],
  ['Steer a task:', steerCommands],
  ['Steer the yard:', yardCommands],
  ['Keep:', keepCommands],
  ['Account:', accountCommands],
  ['Configure:', configureCommands],
  ['Help:', helpCommands],
];

const HELP_AFTER = `
Start here:
  $ yard init                            write .yard/config.yaml
  $ yard add "Rename the flag"           add a task
  $ yard run                             run the backlog
  $ yard demo                            see it work, without a key or a network

When something waits:
  $ yard status                          what runs, what waits and why
  $ yard why --all                       why each task does not move
  $ yard answer TASK-0001 "Keep both"    answer what it asks
  $ yard diff TASK-0001                  what it changed; then: yard approve
  $ yard unpark TASK-0001                put a parked task back
  $ yard doctor                          what is broken, and what to do

yard help COMMAND tells how a command is used. Topics of yard help:
${TOPICS.map(({ name, summary }) => `  ${name.padEnd(12)}  ${summary}`).join('\n')}`;
