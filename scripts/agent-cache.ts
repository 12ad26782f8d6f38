// Puts the pinned programs of agents where tests find them (see test/fixtures/agents/cache.ts), one directory each:
// `node scripts/agent-cache.ts --fill [NAME…]`. What is there already is left alone. Exits 1 when one could not be had.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  agentCache,
  type PinnedProgram,
  programDirectory,
  programFile,
  PROGRAMS,
} from '../test/fixtures/agents/cache.ts';

const FILLING = '.filling-';
/** A download that began so long ago was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Why a program is not there after all; null when it is. Half of one is never there. */
export async function fill(name: string, cache: string): Promise<string | null> {
  const program = PROGRAMS[name];
  if (program === undefined) return `there is no ${name}: ${Object.keys(PROGRAMS).join(', ')}`;
  const directory = programDirectory(program, cache);
  if (existsSync(directory)) {
    open(directory);
    return null;
  }
  mkdirSync(cache, { recursive: true });
  const temporary = mkdtempSync(join(cache, FILLING));
  try {
    const why = await install(program, temporary);
    if (why !== null) return `${name}: ${why}`;
    open(temporary);
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

/** A temporary directory is closed to all others, and agents of a yard that is root are nobody. */
function open(directory: string): void {
  if ((statSync(directory).mode & 0o055) !== 0o055) chmodSync(directory, 0o755);
}

async function install(program: PinnedProgram, directory: string): Promise<string | null> {
  // A project of its own, or npm would look for one further up.
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const words = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--save-exact', '--loglevel=error'];
  const { promise, resolve } = Promise.withResolvers<string | null>();
  execFile(
    'npm',
    [...words, `${program.package}@${program.version}`],
    { cwd: directory, env: npmEnvironment(), encoding: 'utf8' },
    (error, _, stderr) =>
      resolve(error === null ? null : `npm failed: ${(stderr || error.message).trim().slice(-2000)}`),
  );
  const why = await promise;
  if (why !== null || existsSync(join(directory, programFile(program)))) return why;
  return `its package has no ${programFile(program)}`;
}

/** What `npm run` has set would speak for our own project. */
function npmEnvironment(): NodeJS.ProcessEnv {
  const own = /^npm_(?!config_(?!local_prefix))/iu;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Fills the cache with these programs, all at once, and says so; returns the names of what could not be had. */
export async function fillAll(names: readonly string[], cache = agentCache()): Promise<readonly string[]> {
  removeAbandoned(cache);
  const reasons = await Promise.all(names.map((name) => fill(name, cache)));
  for (const [index, why] of reasons.entries()) {
    const name = names[index] ?? '';
    console.log(why === null ? `${name} ${PROGRAMS[name]?.version} is in ${cache}` : `not fetched: ${why}`);
  }
  return names.filter((_, index) => reasons[index] !== null);
}

function removeAbandoned(cache: string): void {
  if (!existsSync(cache)) return;
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith(FILLING))) {
    const path = join(cache, name);
    const begun = statSync(path, { throwIfNoEntry: false });
    if (begun !== undefined && Date.now() - begun.mtimeMs > ABANDONED_MS)
      rmSync(path, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { fill: { type: 'boolean' } } });
  if (values.fill !== true) throw new Error('usage: node scripts/agent-cache.ts --fill [NAME…]');
  const missing = await fillAll(positionals.length > 0 ? positionals : Object.keys(PROGRAMS));
  if (missing.length > 0) process.exitCode = 1;
}
