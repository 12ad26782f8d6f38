// Puts the pinned programs of agents where tests find them (docs: test/fixtures/agents/cache.ts), one directory each:
// `node scripts/agent-cache.ts --fill [NAME…]`. What is there already is left alone. Exits 1 when one could not be had.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  agentCache,
  type PinnedProgram,
  programDirectory,
  programFile,
  PROGRAMS,
} from '../test/fixtures/agents/cache.ts';

/** Why a program is not there after all; null when it is. */
export function fill(name: string, cache: string): string | null {
  const program = PROGRAMS[name];
  if (program === undefined) return `there is no ${name}: ${Object.keys(PROGRAMS).join(', ')}`;
  const directory = programDirectory(program, cache);
  if (existsSync(directory)) return null;
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, '.filling-'));
  try {
    const why = install(program, temporary);
    if (why !== null) return `${name}: ${why}`;
    renameSync(temporary, directory);
    return null;
  } catch (error) {
    // Another process has put it there in the meantime.
    if (existsSync(join(directory, programFile(program)))) return null;
    throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function install(program: PinnedProgram, directory: string): string | null {
  // A project of its own, or npm would look for one further up.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const words = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--save-exact', '--loglevel=error'];
  const { status, error, stderr } = spawnSync('npm', [...words, `${program.package}@${program.version}`], {
    cwd: directory,
    // What `npm run` has set would speak for our own project.
    env: Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(?!local_prefix))/iu.test(name)),
    ),
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
  });
  if (error !== undefined) return error.message;
  if (status !== 0) return `npm exited with ${status}: ${stderr.trim().slice(-2000)}`;
  return existsSync(join(directory, programFile(program))) ? null : `its package has no ${programFile(program)}`;
}

/** Fills the cache with these programs, and says what it does; returns what could not be had. */
export function fillAll(names: readonly string[], cache = agentCache()): readonly string[] {
  return names.flatMap((name) => {
    const startMs = performance.now();
    const why = fill(name, cache);
    const tookS = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(why === null ? `${name} ${PROGRAMS[name]?.version}: in ${cache} (${tookS} s)` : `not filled: ${why}`);
    return why === null ? [] : [name];
  });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { fill: { type: 'boolean' } } });
  if (values.fill !== true) throw new Error('usage: node scripts/agent-cache.ts --fill [NAME…]');
  if (fillAll(positionals.length > 0 ? positionals : Object.keys(PROGRAMS)).length > 0) process.exitCode = 1;
}
