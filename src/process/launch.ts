import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { failpoint } from './failpoint.ts';
import { errnoOf } from './errno.ts';
import { identityOf } from './identity.ts';

export interface LaunchOptions {
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether the child leads a session (and a process group) of its own. */
  readonly session: boolean;
  readonly stdio: StdioOptions;
}

/** The program did not start. */
export interface SpawnFailure {
  readonly kind: 'spawn-failed';
  /** `ENOENT`, `EACCES`, `E2BIG`, `EMFILE`, …, or a Node code such as `ERR_INVALID_ARG_VALUE`. */
  readonly errorCode: string;
  readonly message: string;
}

interface Launched {
  readonly kind: 'running';
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
}

/** Starts a program. It has been exec'ed, in its session, when this resolves; no event of it has been missed. */
export async function launch(
  file: string,
  args: readonly string[],
  options: LaunchOptions,
): Promise<Launched | SpawnFailure> {
  const { cwd, env, session, stdio } = options;
  let child: ChildProcess;
  try {
    failpoint('process.launch:before');
    child = spawn(file, args, { cwd, env, stdio, detached: session, shell: false });
  } catch (error) {
    return spawnFailure(error, file, cwd);
  }
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [unknown];
    return spawnFailure(error, file, cwd);
  }
  // Node cannot have reaped it yet, so that even a child that has ended already still shows its identity.
  const identity = identityOf(child.pid);
  failpoint('process.launch:after');
  if (identity !== null) return { kind: 'running', child, identity };
  child.kill('SIGKILL');
  const message = `${file} was started as ${child.pid}, but the process table does not show it`;
  return { kind: 'spawn-failed', errorCode: 'ESRCH', message };
}

/** As a value, what the system said to an attempt to start; throws what carries no code. */
export function spawnFailure(error: unknown, file: string, cwd: string): SpawnFailure {
  const errorCode = errnoOf(error);
  if (errorCode === null || !(error instanceof Error)) throw error;
  // The system says ENOENT of the program when it is the directory that is missing.
  const reason = errorCode === 'ENOENT' && !existsSync(cwd) ? `no directory ${cwd}` : error.message;
  return { kind: 'spawn-failed', errorCode, message: `cannot start ${file}: ${reason}` };
}
