import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awaitQuiet, kill, processesOf } from '../fixtures/e2e/own-processes.ts';
import type { Loss } from './fault.ts';
import { findLosses, readCheckout } from './losses.ts';
import { driveToEnd } from './operator.ts';
import { makeScenario } from './scenario.ts';

/*
 * Git's own processes, killed at a system call: between any two of its writes. A program named git that stands first on
 * the PATH of the yard runs one call of one command under strace, and all others as they are.
 */

export interface GitKill {
  /** `update-ref`, `fast-import`, … */
  readonly command: string;
  /** Its first call, over all processes of the scenario, is 1. */
  readonly call: number;
  readonly systemCall: string;
  /** The first of these system calls of that process is 1. */
  readonly hit: number;
}

export interface GitKillResult {
  /** False: the command was not called so often, or made fewer of these system calls. */
  readonly delivered: boolean;
  readonly losses: readonly Loss[];
  readonly kept: string | null;
}

const RUNS_MAX = 6;
const PATIENCE_MS = 60_000;
const QUIET_MS = 10_000;
const KILLED = '137';

/** Why it cannot be done on this machine; null: it can. */
export function whyNoStrace(): string | null {
  const { status, error } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  if (error !== undefined) return error.message;
  return status === 0 ? null : `strace exited with ${status}`;
}

/** As `--case` takes it: `update-ref/4/rename/1`. Throws for what is none. */
export function parseGitKill(text: string): GitKill {
  const [, command = '', call = '', systemCall = '', hit = ''] =
    /^([a-z-]+)\/(\d+)\/([a-z0-9_]+)\/(\d+)$/.exec(text) ?? [];
  if (command === '') throw new Error(`${text} is not <command>/<call>/<system call>/<n>`);
  return { command, call: Number(call), systemCall, hit: Number(hit) };
}

/** Runs the small scenario with that one kill, to its end. */
export async function killGit(
  fault: GitKill,
  options: { readonly directory: string; readonly tree: string },
): Promise<GitKillResult> {
  mkdirSync(options.directory, { recursive: true });
  const scenario = makeScenario(mkdtempSync(join(options.directory, 'git-')), 'small');
  const checkout = readCheckout(scenario);
  const programs = join(scenario.base, 'programs');
  mkdirSync(programs);
  const verdict = join(scenario.base, 'verdict');
  writeFileSync(join(programs, 'git'), wrapper(fault, join(scenario.base, 'calls'), verdict));
  chmodSync(join(programs, 'git'), 0o755);
  const env = { PATH: `${programs}:${process.env['PATH'] ?? ''}` };
  const losses: Loss[] = [];
  if (!(await driveToEnd(scenario, env, { runsMax: RUNS_MAX, patienceMs: PATIENCE_MS }))) {
    losses.push({ promise: 'P5', what: 'it does not come to its end' });
    for (const pid of await processesOf(scenario.base)) kill(pid);
  }
  await awaitQuiet(scenario.base, QUIET_MS);
  losses.push(...(await findLosses(scenario, { tree: options.tree, checkout })));
  const delivered = existsSync(verdict) && readFileSync(verdict, 'utf8').trim() === KILLED;
  if (losses.length === 0) rmSync(scenario.base, { recursive: true });
  return { delivered, losses, kept: losses.length === 0 ? null : scenario.base };
}

function wrapper({ command, call, systemCall, hit }: GitKill, calls: string, verdict: string): string {
  const real = spawnSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).stdout.trim();
  return `#!/bin/sh
case " $* " in *" ${command} "*) ;; *) exec ${real} "$@" ;; esac
n=1
mkdir -p '${calls}'
while ! mkdir "${calls}/$n" 2>/dev/null; do n=$((n + 1)); done
[ "$n" = ${call} ] || exec ${real} "$@"
strace -qq -o /dev/null -e trace=${systemCall} -e inject=${systemCall}:signal=KILL:when=${hit} ${real} "$@"
code=$?
echo "$code" > '${verdict}'
[ "$code" = ${KILLED} ] && kill -KILL $$
exit "$code"
`;
}
