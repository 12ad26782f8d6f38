import { realpathSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import type { ProgramKind } from '../../core/agent-kind.ts';
import { UserError } from '../../core/user-error.ts';
import { findProgram } from '../../process/find-program.ts';
import type { Agent, Capabilities, Turn } from '../agent.ts';
import type { LoginFile } from './login.ts';
import { readLogin } from './login.ts';
import type { HomeFile, Invocation } from './protocol.ts';
import { runProgram } from './run-program.ts';

/** What the configuration and the agent spec say of one agent. */
export interface ProgramSettings {
  /** As the configuration calls it. */
  readonly name: string;
  /** Program and arguments that come before all others; null: the adapter's own, found on PATH. */
  readonly run: readonly string[] | null;
  readonly model: string | null;
  readonly effort: string | null;
  /** Which of several protocols, where there are several. */
  readonly protocol: string | null;
  /** Where the account's login files are: the operator's home, or that of a pool; null: there is no login to take. */
  readonly accountHome: string | null;
}

/** What differs from one coding agent to another. */
export interface Adapter {
  readonly kind: ProgramKind;
  /** Name of the program. */
  readonly program: string;
  /** The command that installs it, or the page that says how. */
  readonly install: string;
  /** `real`: tests run the program itself; `recorded`: they know its arguments, and what it was seen to print. */
  readonly proven: 'real' | 'recorded';
  readonly protocol: (settings: ProgramSettings) => string;
  readonly capabilities: (settings: ProgramSettings) => Capabilities;
  /** Files of an account's login, below its home, and where they belong in `Turn.home`. */
  readonly login: readonly LoginFile[];
  /** Variables of which one is enough to be logged in. */
  readonly keys: readonly string[];
  /** What logs an operator in: a command, or what to do in the program. Null: its keys alone do, or nobody logs in. */
  readonly logIn: string | null;
  /** Without any of `login` and `keys` it surely gets no answer; others may have an account that is not seen from here. */
  readonly needsLogin: boolean;
  /** How a turn is run. @param program with its first arguments. @throws UserError for what a person can mend. */
  invoke(turn: Turn, settings: ProgramSettings, program: readonly [string, ...string[]]): Invocation;
}

/** The agent that this adapter makes of a program. */
export function programAgent(adapter: Adapter, settings: ProgramSettings): Agent {
  return {
    name: settings.name,
    kind: adapter.kind,
    capabilities: adapter.capabilities(settings),
    runner: () => Promise.resolve(identify(adapter, settings)),
    start: (turn) =>
      runProgram(settings.name, turn, async () => {
        const program = findAdapterProgram(adapter, settings, turn.environment['PATH'] ?? '');
        if (program === null) throw programMissing(adapter, settings);
        const invocation = adapter.invoke(turn, settings, program);
        const home: HomeFile[] = [...(await readLogin(adapter.login, settings.accountHome)), ...invocation.home];
        return { ...invocation, home };
      }),
  };
}

/** The program with its first arguments, as it is to be started; null where it is not installed. */
export function findAdapterProgram(
  adapter: Pick<Adapter, 'program'>,
  { run }: Pick<ProgramSettings, 'run'>,
  path: string,
): [string, ...string[]] | null {
  const [file = adapter.program, ...args] = run ?? [];
  if (isAbsolute(file)) return [file, ...args];
  const found = findProgram(file, path);
  return found === null ? null : [found, ...args];
}

export function programMissing(
  adapter: Pick<Adapter, 'program' | 'install'>,
  { name, run }: Pick<ProgramSettings, 'name' | 'run'>,
): UserError {
  return new UserError({
    code: 'agent-missing',
    message: `the program ${run?.[0] ?? adapter.program} of the agent ${name} is not on PATH`,
    hint: `Install it with: ${adapter.install}; or name it under agents.${name}.run in .yard/config.yaml.`,
  });
}

/** An upgrade replaces the file: to run it for its version would cost as much as a short turn. */
function identify(adapter: Adapter, settings: ProgramSettings): string {
  const [file] = findAdapterProgram(adapter, settings, process.env['PATH'] ?? '') ?? [''];
  const stat = file === '' ? undefined : statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return `${adapter.kind} none`;
  return `${adapter.kind} ${realpathSync(file)} ${stat.size} ${Math.round(stat.mtimeMs)}`;
}
