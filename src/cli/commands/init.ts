import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { bareConfig } from '../../config/bare-config.ts';
import { proposeGate } from '../../config/gate-proposal.ts';
import type { GateProposal } from '../../config/gate-proposal.ts';
import { IGNORE_FILE, IGNORE_TEXT, renderConfig, SCHEMA_FILE } from '../../config/init.ts';
import { CONFIG_FILE } from '../../config/load.ts';
import { renderConfigSchema } from '../../config/schema.ts';
import { isBranchName } from '../../core/ref-name.ts';
import { UserError } from '../../core/user-error.ts';
import { checkEligibility } from '../../git/eligibility.ts';
import { currentCommit, findRepository, toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { errnoOf } from '../../process/errno.ts';
import { checkTarget, noCommits, symbolicTarget } from '../../reconcile/readiness.ts';
import type { LoggedOut } from '../agent/propose-agent.ts';
import { ask } from '../terminal/ask.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { mkdir, writeFile } from '../../process/file-system.ts';

export interface InitOptions {
  readonly target?: string;
  readonly gate?: string;
  readonly agent?: string;
  readonly yes?: boolean;
}

/** `yard init`: checks that the repository can be worked on, then writes `.yard/`. Nothing is replaced. */
export async function initCommand(context: CommandContext, options: InitOptions): Promise<ExitCode> {
  const { output, cwd } = context;
  const target = options.target ?? 'agent/integration';
  if (!isBranchName(target)) {
    throw new UserError({
      code: 'bad-target',
      message: `${JSON.stringify(target.slice(0, 100))} is not a branch name that Yardmaster takes`,
      hint: 'Use letters, digits and . _ - /, such as agent/integration.',
    });
  }
  const repository = await findRepository(cwd);
  if (existsSync(join(repository.root, CONFIG_FILE))) {
    throw new UserError({
      code: 'already-initialised',
      message: 'it is there already',
      hint: 'Edit it, or remove it to begin again.',
      place: { file: CONFIG_FILE },
    });
  }
  const current = await currentCommit(repository);
  if (current === null) throw noCommits(repository);
  const state = await readTarget(repository, toRefName(target));
  if (state.kind === 'symbolic') throw symbolicTarget(target, state.to);
  const { submodules } = await checkEligibility(repository, state.kind === 'commit' ? state.commit : current.commit);
  checkTarget(repository, target, 'yard init --target BRANCH');
  const proposal = proposeGate(filesOf(repository.root));
  const gate = await confirmGate(context.stdin, options, proposal);
  const prewarm = gate !== null && gate === proposal?.run ? proposal.prewarm : null;
  const { builtIn, notes, next } = await chooseAgent(context, options);
  await writeFiles(repository.root, renderConfig({ target, gate, prewarm, builtIn }));
  output.print(`wrote ${CONFIG_FILE}, ${SCHEMA_FILE}, ${IGNORE_FILE} and .yard/tasks/`);
  if (submodules.length > 0) output.warn(`submodules are left empty in lanes and gates: ${submodules.join(', ')}`);
  output.say(gate === null ? noGate(proposal) : `gate: ${gate}`);
  if (state.kind === 'missing')
    output.say(
      `the target ${target} is created from ${current.branch ?? current.commit.slice(0, 12)} at the first run`,
    );
  for (const note of notes) output.say(note);
  if (builtIn !== null) output.say(`agent: ${builtIn}. Try it with: yard agents probe ${builtIn}`);
  output.say(`Next: ${next === null ? '' : `${next}, `}commit .yard, add a task (yard add), and: yard run`);
  output.say(`What lands is on ${target}; merge it when you like it: git merge ${target}`);
  return EXIT.ok;
}

/** Said when the file is written: by then it is too late for `--yes`. */
function noGate(proposal: GateProposal | null): string {
  const what =
    proposal === null ? 'name your test command' : `it could be ${proposal.run} (from ${proposal.because}); set it`;
  return `No gate is set, and nothing runs until one is: ${what} under gates.default.run in ${CONFIG_FILE}`;
}

interface ChosenAgent {
  /** The one that is named, or one that is installed and logged in, once that is confirmed; null: none is set. */
  readonly builtIn: string | null;
  /** What stands in the way of what is installed. */
  readonly notes: readonly string[];
  /** What is to be done first; null: an agent is set. */
  readonly next: string | null;
}

const OWN_COMMAND = 'or a command of your own under agents.default.run';

async function chooseAgent(context: CommandContext, { agent, yes }: InitOptions): Promise<ChosenAgent> {
  const { nobodyIn, proposeAgent } = await import('../agent/propose-agent.ts');
  const { checkWorkerSpec } = await import('../agent/check-spec.ts');
  if (agent !== undefined) {
    const loggedOut = await nobodyIn(checkWorkerSpec(agent, bareConfig()), context.env);
    return { builtIn: agent, notes: loggedOut === null ? [] : [loggedOutNote(loggedOut)], next: null };
  }
  const { usable, loggedOut } = await proposeAgent(context.env);
  if (usable === null) {
    const [first] = loggedOut;
    const next =
      first === undefined
        ? `name an agent in ${CONFIG_FILE}: as defaults.agent one that yard agents lists, ${OWN_COMMAND}`
        : `log in, set defaults.agent: ${first.name} in ${CONFIG_FILE} (${OWN_COMMAND})`;
    return { builtIn: null, notes: loggedOut.map(loggedOutNote), next };
  }
  const toTakeIt = `set defaults.agent: ${usable} in ${CONFIG_FILE}, which is installed and logged in (${OWN_COMMAND})`;
  if (yes === true) return { builtIn: usable, notes: [], next: null };
  if (!context.stdin.isTTY) return { builtIn: null, notes: [], next: toTakeIt };
  const answer = await ask(context.stdin, {
    text: `Agent, installed and logged in (another one, or - for a command of your own)`,
    proposal: usable,
    ifInterrupted: 'nothing was written',
  });
  if (answer !== '-') return { builtIn: checkWorkerSpec(answer, bareConfig()), notes: [], next: null };
  return { builtIn: null, notes: [], next: `name your command under agents.default.run in ${CONFIG_FILE}` };
}

function loggedOutNote({ name, logIn }: LoggedOut): string {
  return `${name} is installed, but nobody is logged in to it${logIn === null ? '' : `; ${logIn}`}`;
}

/** The operator's own, or the proposal once it is confirmed. */
async function confirmGate(
  stdin: CommandContext['stdin'],
  options: InitOptions,
  proposal: GateProposal | null,
): Promise<string | null> {
  if (options.gate !== undefined) {
    if (options.gate.trim() !== '') return options.gate;
    throw new UserError({
      code: 'empty-gate',
      message: 'the gate is empty',
      hint: 'Name a command that fails when the tree is not healthy.',
    });
  }
  if (proposal === null) return null;
  if (options.yes === true) return proposal.run;
  if (!stdin.isTTY) return null;
  const answer = await ask(stdin, {
    text: `Gate, from ${proposal.because} (another command, or - for none)`,
    proposal: proposal.run,
    ifInterrupted: 'nothing was written',
  });
  if (answer === '-') return null;
  if (!/^(?:y|yes|n|no)$/iu.test(answer)) return answer;
  throw new UserError({
    code: 'bad-gate',
    message: `${JSON.stringify(answer)} is not a gate: the question was not one of yes or no; nothing was written`,
    hint: 'Press Enter to take what is proposed, write another command, or - for none.',
  });
}

async function writeFiles(root: string, config: string): Promise<void> {
  await mkdir(join(root, '.yard/tasks'), { recursive: true });
  // Git keeps no empty directory.
  await writeNew(join(root, '.yard/tasks/.gitkeep'), '');
  await writeNew(join(root, IGNORE_FILE), IGNORE_TEXT);
  await writeFile(join(root, SCHEMA_FILE), renderConfigSchema());
  await writeNew(join(root, CONFIG_FILE), config);
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function filesOf(root: string): { has: (name: string) => boolean; text: (name: string) => string | null } {
  return {
    has: (name) => existsSync(join(root, name)),
    text: (name) => (existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : null),
  };
}
