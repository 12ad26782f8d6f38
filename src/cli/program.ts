import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import { EXIT } from './context.ts';
import type { CommandContext, ExitCode } from './context.ts';

/** The command tree. Actions load their implementation when they are called, so that `--help` and `status` stay quick. */
export async function runProgram(context: CommandContext, args: readonly string[], version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const run = (action: () => Promise<ExitCode>): Promise<void> => action().then((result) => void (code = result));
  const program = new Command('yard')
    .description('Runs a backlog with autonomous coding agents in parallel and lands only what was proven.')
    .version(version)
    .showHelpAfterError('(see: yard --help)')
    .configureOutput({
      writeOut: (text) => context.output.write(text),
      writeErr: (text) => context.output.say(text.trimEnd()),
    })
    .addHelpText('after', HELP_AFTER)
    .exitOverride();
  setUpCommands(program, context, run);
  workCommands(program, context, run);
  lookCommands(program, context, run);
  salvageCommands(program, context, run);
  steerCommands(program, context, run);
  yardCommands(program, context, run);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for; anything else is wrong usage.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

type Run = (action: () => Promise<ExitCode>) => Promise<void>;

const HELP_AFTER = `
Start here:
  $ yard init                          write .yard/config.yaml
  $ yard add "Rename the flag" ...     add a task
  $ yard run                           run the backlog
  $ yard demo                          see it work, without a key or a network

Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage or input, 3 tasks need a person, 4 stopped by a limit.`;

function example(command: Command, ...lines: readonly string[]): Command {
  return command.exitOverride().addHelpText('after', `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

function list(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

function number(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It is not a number.');
  return parsed;
}

function positive(value: string): number {
  const parsed = number(value);
  if (parsed <= 0) throw new InvalidArgumentError('It must be greater than 0.');
  return parsed;
}

function setUpCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('init')
      .description('write .yard/config.yaml and what goes with it')
      .option('--target <branch>', 'branch that tasks land on', 'agent/integration')
      .option('--gate <command>', 'command that proves a tree healthy')
      .option('--yes', 'take the proposed gate without asking')
      .action((options: object) => run(async () => (await import('./commands/init.ts')).initCommand(context, options))),
    'yard init --gate "npm test"',
  );
  example(
    program
      .command('add')
      .description('add a task; asks on a terminal for what is missing')
      .argument('[title]', 'what is to be done, in a line')
      .option('--id <id>', 'id, such as TASK-0001; the next free one unless said')
      .option('--objective <text>', 'what is to be done, in full; the title unless said')
      .option('--accept <text>', 'acceptance criterion; repeat for more', list)
      .option('--owns <pattern>', 'paths that the task may change; repeat for more', list)
      .option('--forbids <pattern>', 'paths that it must not change; repeat for more', list)
      .option('--after <id>', 'task that must have landed before; repeat for more', list)
      .option('--supersedes <id>', 'task that this one replaces; repeat for more', list)
      .option('--context <text>', 'what the agent should know')
      .option('--area <name>', 'area of the code base')
      .option('--gate <name>', 'gate of the configuration; the default one unless said')
      .option('--agent <spec>', 'agent, name[:model[:effort]]; the default one unless said')
      .option('--priority <number>', 'higher goes first', number)
      .option('--test-policy <name>', 'how the agent is to test')
      .option('--json', 'print the task as JSON')
      .action((title: string | undefined, options: object) =>
        run(async () => (await import('./commands/add.ts')).addCommand(context, title, options)),
      ),
    'yard add "Use node: imports in packages/core" --owns packages/core --accept "no import without node:"',
  );
  example(
    program
      .command('demo')
      .description('make a small project and run a backlog through it; no key, no network')
      .addOption(new Option('--scenario <name>', 'which demo').default('backlog'))
      .option('--directory <path>', 'make it here, an empty or new directory, not in a temporary one')
      .action((options: object) => run(async () => (await import('./commands/demo.ts')).demoCommand(context, options))),
    'yard demo',
  );
}

function workCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('run')
      .description('run the backlog until it is done, or something ends it')
      .option('--max-hours <hours>', 'end after this many hours', positive)
      .action((options: object) => run(async () => (await import('./commands/run.ts')).runCommand(context, options))),
    'yard run --max-hours 8',
  );
  example(
    program
      .command('reconcile')
      .description('run one cycle and return; what it started goes on by itself')
      .option('--dry-run', 'say what it would do, and do nothing')
      .option('--drain', 'start nothing new')
      .option('--no-land', 'do not start to land')
      .option('--sync', 'wait for what it started')
      .option('--json', 'print what was done as JSON')
      .action((options: object) =>
        run(async () => (await import('./commands/reconcile.ts')).reconcileCommand(context, options)),
      ),
    'yard reconcile --dry-run',
  );
  example(
    program
      .command('gc')
      .description('remove what is no longer needed; everything that has not landed is kept')
      .option('--dry-run', 'say what would go and what would stay, and remove nothing')
      .option('--json', 'print as JSON')
      .action((options: object) => run(async () => (await import('./commands/gc.ts')).gcCommand(context, options))),
    'yard gc --dry-run',
  );
  example(
    program
      .command('drive')
      .description('run one task until it has landed, or needs a person')
      .argument('<id>')
      .action((id: string) => run(async () => (await import('./commands/drive.ts')).driveCommand(context, id))),
    'yard drive TASK-0001',
  );
}

function lookCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('status')
      .description('what runs, what waits and why, what has landed')
      .option('--json', 'print as JSON')
      .option('--watch', 'print again each second')
      .action((options: object) =>
        run(async () => (await import('./commands/status.ts')).statusCommand(context, options)),
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
        run(async () => (await import('./commands/why.ts')).whyCommand(context, id, options)),
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
        run(async () => (await import('./commands/logs.ts')).logsCommand(context, id, options)),
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
        run(async () => (await import('./commands/diff.ts')).diffCommand(context, id, options)),
      ),
    'yard diff TASK-0001 --stat',
  );
  example(
    program
      .command('doctor')
      .description('check what a machine or a person can break')
      .option('--repair', 'repair what can be repaired without losing anything')
      .option('--json', 'print as JSON')
      .action((options: object) =>
        run(async () => (await import('./commands/doctor.ts')).doctorCommand(context, options)),
      ),
    'yard doctor --repair',
  );
}

function salvageCommands(program: Command, context: CommandContext, run: Run): void {
  example(
    program
      .command('salvage')
      .description('work that did not land: list it, show it, restore it')
      .argument('[action]', 'list, show or restore', 'list')
      .argument('[id]', 'such as TASK-0001/2; for list, a task')
      .option('--json', 'list, show: print as JSON')
      .option('--patch', 'show: the changes themselves')
      .option('--to <directory>', 'restore: write the files here, a new or empty directory')
      .option('--all', 'restore: all files, not only those that differ from the base')
      .option('--branch <name>', 'restore: make this branch instead of files')
      .option('--commit <id>', "show, restore: one of the agent's own commits")
      .action((action: string, id: string | undefined, options: object) =>
        run(async () => (await import('./commands/salvage.ts')).salvageCommand(context, action, id, options)),
      ),
    'yard salvage',
    'yard salvage show TASK-0001/2 --patch',
    'yard salvage restore TASK-0001/2 --to restored',
  );
}

function steerCommands(program: Command, context: CommandContext, run: Run): void {
  const steer = () => import('./commands/steer.ts');
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

function yardCommands(program: Command, context: CommandContext, run: Run): void {
  const steer = () => import('./commands/steer.ts');
  example(
    program
      .command('stop')
      .description('start and land nothing more; what runs comes to its end, or is ended with --now')
      .option('--now', 'end what runs as well; its tasks are ready again, its work is kept')
      .option('--why <text>', 'shown wherever something waits for it')
      .option('--json', 'print as JSON')
      .action((options: object) => run(async () => (await steer()).stopCommand(context, options))),
    'yard stop',
  );
  example(
    program
      .command('breaker')
      .description('failures in a row, which end a run: show them, or forget them')
      .argument('[action]', 'show or reset; show unless said')
      .option('--json', 'print as JSON')
      .action((action: string | undefined, options: object) =>
        run(async () => (await import('./commands/breaker.ts')).breakerCommand(context, action, options)),
      ),
    'yard breaker reset',
  );
  example(
    program
      .command('resume')
      .description('go on after a stop, after failures in a row, or after the target was moved back')
      .action(() => run(async () => (await steer()).resumeCommand(context))),
    'yard resume',
  );
}
