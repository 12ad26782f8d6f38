import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { launch, type SpawnFailure, spawnFailure } from './launch.ts';
import { mkdirSync } from './file-system.ts';
import { openLogFile } from './log-file.ts';

export interface DetachedOptions {
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes stdout and stderr; appended to, made with mode 0600, its directory too. */
  readonly logFile: string;
  /** Called if the child ends while this process lives. Does not keep this process alive. */
  readonly onExit?: ((code: number | null, signal: NodeJS.Signals | null) => void) | undefined;
}

export interface DetachedProcess {
  readonly kind: 'spawned';
  readonly identity: ProcessIdentity;
}

/** Starts a program that outlives this one: a session of its own, stdin closed, output in a log. */
export async function spawnDetached(
  file: string,
  args: readonly string[],
  options: DetachedOptions,
): Promise<DetachedProcess | SpawnFailure> {
  const { cwd, env, logFile, onExit } = options;
  let log: number;
  try {
    mkdirSync(dirname(logFile), { recursive: true });
    log = openLogFile(logFile);
  } catch (error) {
    return spawnFailure(error, file, cwd);
  }
  try {
    const launched = await launch(file, args, { cwd, env, session: true, stdio: ['ignore', log, log] });
    if (launched.kind === 'spawn-failed') return launched;
    launched.child.unref();
    if (onExit !== undefined) launched.child.once('exit', onExit);
    return { kind: 'spawned', identity: launched.identity };
  } finally {
    closeSync(log);
  }
}
