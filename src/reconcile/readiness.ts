import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

import type { AgentConfig, Config } from '../config/schema.ts';
import { NO_GATE } from '../config/init.ts';
import { CONFIG_FILE } from '../config/load.ts';
import { UserError } from '../core/user-error.ts';
import { keyFiles } from '../gates/prewarm.ts';
import { resolve } from '../git/depot.ts';
import { checkEligibility } from '../git/eligibility.ts';
import { isIgnored } from '../git/known-path.ts';
import { currentCommit, toRefName } from '../git/repository.ts';
import type { Repository } from '../git/repository.ts';
import { listTree } from '../git/tree.ts';
import { createTarget, findHolder, readTarget } from '../git/target.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { checkPrograms } from './agent-programs.ts';
import { namedAgents } from './named-agents.ts';
import type { AssignedTask } from './named-agents.ts';
import { LocalTaskSource } from '../trackers/local-files.ts';
import type { LocalYard } from './yard.ts';

/** What was found before a scheduler begins. */
export interface Readiness {
  readonly warnings: readonly string[];
  /** Where the target is to be made, if the yard has never seen one. Null: it is there. */
  readonly missingTargetAt: string | null;
}

/**
 * What must hold before a scheduler begins, checked while a person is there to mend it, and before anything is made.
 * Changes nothing. `rows` are the tasks that the store knows. @throws UserError for the first thing that does not hold.
 */
export async function checkReady(
  repository: Repository,
  config: Config,
  rows: readonly AssignedTask[],
): Promise<Readiness> {
  checkGates(config);
  checkAgents(repository.root, config);
  await checkProvisions(repository, config);
  const current = await currentCommit(repository);
  if (current === null) throw noCommits(repository);
  const { problems, warnings, imports } = await new LocalTaskSource(repository.root).changes(rows);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const target = await readTarget(repository, toRefName(config.target));
  if (target.kind === 'symbolic') throw symbolicTarget(config.target, target.to);
  const eligibility = await checkEligibility(repository, target.kind === 'commit' ? target.commit : current.commit);
  checkTarget(repository, config.target);
  await checkPrewarms(repository, config, target.kind === 'commit' ? target.commit : current.commit);
  const programs = await checkPrograms(config, namedAgents(rows, imports), process.env);
  if (programs.missing !== null) throw programs.missing;
  const notes = [...warnings, ...programs.warnings];
  if (eligibility.submodules.length > 0) {
    notes.push(`submodules are left empty in lanes and gates: ${eligibility.submodules.join(', ')}`);
  }
  return { warnings: notes, missingTargetAt: target.kind === 'missing' ? current.commit : null };
}

/** Makes the target at the first run. One that was there once and has gone is not made again: false. */
export async function makeTarget({ repository, depot }: LocalYard, target: string, commit: string): Promise<boolean> {
  if ((await resolve(depot, TARGET_RECORD)) !== null) return false;
  // A yard makes its depot first.
  const { mtimeMs } = statSync(join(depot.path, 'HEAD'));
  await createTarget(repository, toRefName(target), commit, mtimeMs);
  return true;
}

export function symbolicTarget(target: string, to: string): UserError {
  return new UserError({
    code: 'target-symbolic',
    message: `the target ${target} is a symbolic ref to ${to}: landing would move that branch`,
    hint: 'Choose another target: yard init --target BRANCH, or target in .yard/config.yaml.',
  });
}

/** `other` is how another target is chosen. @throws UserError `target-held`. */
export function checkTarget(repository: Repository, target: string, other = `target in ${CONFIG_FILE}`): void {
  const holder = findHolder(repository, toRefName(target));
  if (holder === null) return;
  throw new UserError({
    code: 'target-held',
    message: `the target ${target} is ${holder.how} in ${holder.path}: landing would change that working tree's branch under it`,
    hint: `Switch it to another branch (git switch -c my-work), or choose another target: ${other}`,
  });
}

export function noCommits(repository: Repository): UserError {
  return new UserError({
    code: 'no-commits',
    message: `${repository.root} has no commits yet`,
    hint: 'Make a first one: git add -A && git commit -m "First commit"',
  });
}

/** The gate that `init` writes where none was named only fails, after the agent's work: that is better said before. */
export function checkGates({ gates }: Config): void {
  for (const [name, gate] of Object.entries(gates)) {
    if (gate.run !== NO_GATE) continue;
    throw new UserError({
      code: 'no-gate',
      message: `no gate is set: gates.${name}.run is the command that only fails`,
      hint: 'Name the command that proves a tree healthy, such as npm test.',
      place: { file: CONFIG_FILE },
    });
  }
}

/** @throws UserError `agent-missing`. */
export function checkAgents(root: string, config: Config): void {
  for (const [name, agent] of Object.entries(config.agents)) {
    const program = programOf(agent);
    if (program === null || isRunnable(root, program)) continue;
    throw new UserError({
      code: 'agent-missing',
      message: `the program ${program} of the agent ${name} is not on PATH`,
      hint: `Install it, or mend agents.${name}.run in .yard/config.yaml.`,
    });
  }
}

/** The program that an agent starts; null where only a shell could tell. */
function programOf(agent: AgentConfig): string | null {
  if (agent.kind !== 'command') return null;
  if (typeof agent.run !== 'string') return agent.run[0] ?? null;
  const [first] = agent.run.trim().split(/\s+/);
  return first !== undefined && /^[A-Za-z0-9._/-]+$/.test(first) && !SHELL_WORDS.has(first) ? first : null;
}

/** Builtins and keywords that no PATH holds. */
const SHELL_WORDS = new Set(
  `. : break case cd command eval exec exit export for if set shift trap true false umask unset until wait while printf
   echo test ulimit type source`.split(/\s+/),
);

function isRunnable(root: string, program: string): boolean {
  if (program.includes('/')) return isAbsolute(program) ? isExecutable(program) : existsSync(join(root, program));
  const { PATH = '' } = allowedEnvironment([], {});
  return PATH.split(delimiter).some((directory) => isExecutable(join(directory, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

/** What is copied must be ignored on both sides: it would be committed otherwise, or lost. @throws UserError. */
export async function checkProvisions(repository: Repository, { provision }: Config): Promise<void> {
  const sources = provision.map(({ source }) => source);
  const targets = provision.map(({ target }) => target);
  await checkProvision(repository, sources, 'source');
  await checkProvision(repository, targets, 'target');
  for (const { source, required } of provision) {
    if (!required || existsSync(join(repository.root, source))) continue;
    throw new UserError({
      code: 'provision-missing',
      message: `the provisioned file ${source} is not there, and is required`,
      hint: `Make it in ${repository.root}, or say required: false.`,
      place: { file: CONFIG_FILE },
    });
  }
}

/**
 * The command of a prewarm sees the files of its key and no others: without any it can hardly work.
 * @throws UserError `prewarm-key-missing`.
 */
export async function checkPrewarms(repository: Repository, { prewarm }: Config, commit: string): Promise<void> {
  if (prewarm.length === 0) return;
  const entries = await listTree({ gitDir: repository.commonDirectory }, commit);
  for (const [index, entry] of prewarm.entries()) {
    if (keyFiles(entry, entries).length > 0) continue;
    throw new UserError({
      code: 'prewarm-key-missing',
      message: `no file of ${commit.slice(0, 12)} matches prewarm[${index}].key: ${entry.key.join(', ')}`,
      hint: 'Name files that are committed, such as package-lock.json: the command sees no others.',
      place: { file: CONFIG_FILE },
    });
  }
}

async function checkProvision(
  repository: Repository,
  paths: readonly string[],
  side: 'source' | 'target',
): Promise<void> {
  for (const path of paths) {
    if (await isIgnored(repository, path)) continue;
    throw new UserError({
      code: 'provision-not-ignored',
      message: `the provision ${side} ${path} is not ignored by git`,
      hint: 'Add it to .gitignore: provisioned files are copied into lanes and must never be committed.',
      place: { file: '.yard/config.yaml' },
    });
  }
}
