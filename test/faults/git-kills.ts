import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../../src/process/find-program.ts';
import { DEPOT, makeScenarios, REPOSITORY } from '../fixtures/faults/git-scenarios.ts';
import type { Scenario } from '../fixtures/faults/git-scenarios.ts';
import { runGit } from '../fixtures/git/repository.ts';

/*
 * Kills git itself, at the n-th call of a system call, and sees that our own code goes on from there. The git on PATH is
 * replaced by one that runs the next call of one command under strace, which injects the kill. No vitest in here: the
 * campaign calls it too.
 */

export interface GitKillOptions {
  /** An empty directory. */
  readonly base: string;
  /** Which calls are swept, each by itself; the count is strace's, for each process of git. */
  readonly syscalls: readonly string[];
  /** Every so many calls of each. */
  readonly stride: number;
  /** Ends the sweep early. */
  readonly isOver?: () => boolean;
}

export interface GitKillReport {
  /** How many times git was killed, by scenario. */
  readonly kills: Readonly<Record<string, number>>;
  /** What did not come right; none is what is wanted. */
  readonly problems: readonly string[];
}

/** All by which git changes files. */
export const CHANGING = ['openat', 'write', 'pwrite64', 'fsync', 'rename', 'link', 'unlink', 'mkdir', 'rmdir', 'close'];
/** Those between which the state of the file system differs most. */
export const QUICK = ['write', 'fsync', 'rename', 'link', 'unlink'];

/** Why git cannot be killed by strace here; null: it can. */
export function whyNoStrace(): string | null {
  if (process.platform !== 'linux') return 'strace is of Linux';
  if (findProgram('strace', process.env['PATH'] ?? '') === null) return 'strace is not installed';
  const args = ['-qq', '-f', '-o', '/dev/null', '-e', 'inject=openat:signal=KILL:when=1', 'true'];
  const { signal, status } = spawnSync('strace', args, { encoding: 'utf8' });
  return signal === 'SIGKILL' || status === 137 ? null : 'strace may not trace here';
}

/** Sweeps every scenario. Throws only for what is wrong with the sweep itself. */
export async function sweepGitKills(options: GitKillOptions): Promise<GitKillReport> {
  const { base } = options;
  const kills: Record<string, number> = {};
  const problems: string[] = [];
  const path = process.env['PATH'] ?? '';
  await makeKiller(base, path);
  const scenarios = await makeScenarios(join(base, 'template'));
  process.env['PATH'] = `${join(base, 'bin')}:${path}`;
  try {
    for (const scenario of scenarios) {
      kills[scenario.name] = 0;
      for (const syscall of options.syscalls) {
        for (let call = 1; options.isOver?.() !== true; call += options.stride) {
          const found = await killOnce(base, scenario, `${syscall} ${call}`);
          problems.push(...found.problems.map((problem) => `${scenario.name}, ${syscall} ${call}: ${problem}`));
          if (!found.killed) break;
          kills[scenario.name] = (kills[scenario.name] ?? 0) + 1;
        }
      }
    }
  } finally {
    process.env['PATH'] = path;
  }
  return { kills, problems };
}

/** Git as the code under test finds it: the next call of the armed command is run under strace. */
async function makeKiller(base: string, path: string): Promise<void> {
  const script = `#!/bin/sh
PATH='${path}'
if [ -e '${base}/arm' ]; then
  read -r command syscall call <'${base}/arm'
  case " $* " in
    *" $command "*)
      if rm '${base}/arm' 2>/dev/null; then
        exec strace -q -f -o '${base}/trace' -e trace="$syscall" -e inject="$syscall:signal=KILL:when=$call" git "$@"
      fi ;;
  esac
fi
exec git "$@"
`;
  await mkdir(join(base, 'bin'), { recursive: true });
  await writeFile(join(base, 'bin/git'), script);
  await chmod(join(base, 'bin/git'), 0o755);
}

interface KillOutcome {
  readonly killed: boolean;
  readonly problems: readonly string[];
}

async function killOnce(base: string, scenario: Scenario, where: string): Promise<KillOutcome> {
  const place = join(base, 'place');
  const trace = join(base, 'trace');
  for (const path of [place, trace]) await rm(path, { recursive: true, force: true });
  await cp(join(base, 'template'), place, { recursive: true, verbatimSymlinks: true });
  await writeFile(join(base, 'arm'), `${scenario.command} ${where}\n`);
  const first = await tryTo(scenario, place);
  if (!existsSync(trace)) throw new Error(`${scenario.name} never came to git ${scenario.command}: ${first ?? ''}`);
  const killed = (await readFile(trace, 'utf8')).includes('killed by SIGKILL');
  if (!killed && first !== null) throw new Error(`${scenario.name} fails by itself: ${first}`);
  if (!killed) return { killed, problems: [] };
  return { killed, problems: [...(await refProblems(place, scenario)), ...(await goOn(place, scenario))] };
}

/** Null: it went well; else what it said. */
async function tryTo({ act }: Scenario, place: string): Promise<string | null> {
  try {
    await act(place);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A git of somebody else on this machine may keep a lock from being judged for a while. */
const PATIENCE_MS = 60_000;
const POLL_MS = 100;

/** The same again, by the normal path. */
async function goOn(place: string, scenario: Scenario): Promise<string[]> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  let said = await tryTo(scenario, place);
  while (said !== null && performance.now() < deadlineMs) {
    await delay(POLL_MS);
    said = await tryTo(scenario, place);
  }
  if (said !== null) return [`it does not go on: ${said}`];
  const problems = await refProblems(place, scenario);
  for (const directory of [DEPOT, REPOSITORY]) {
    await runGit(join(place, directory), ['fsck', '--strict', '--no-dangling', '--no-progress']).catch(
      (error: unknown) => problems.push(`${directory} is damaged: ${String(error)}`),
    );
  }
  return problems;
}

async function refProblems(place: string, { ref }: Scenario): Promise<string[]> {
  if (ref === undefined) return [];
  const args = ['for-each-ref', '--format=%(objectname)', ref.name];
  const value = (await runGit(join(place, ref.in), args)) || null;
  return ref.values.includes(value) ? [] : [`${ref.name} is ${value ?? 'gone'}`];
}
