import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fill } from '../scripts/agent-cache.ts';
import { agentCache, findProgram, programDirectory, programFile, PROGRAMS } from './fixtures/agents/cache.ts';
import { useTemporaryDirectory } from './fixtures/temporary-directory.ts';

const names = Object.keys(PROGRAMS);

test.each([
  [{ YARD_AGENT_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  [{ YARD_AGENT_CACHE: '', XDG_CACHE_HOME: '/b' }, '/b/yardmaster/agents'],
  [{ XDG_CACHE_HOME: 'relative' }, join(homedir(), '.cache/yardmaster/agents')],
  [{}, join(homedir(), '.cache/yardmaster/agents')],
])('the cache is outside of the repository: %o', (env, path) => {
  expect(agentCache(env)).toBe(path);
});

test('every program is pinned to one version', () => {
  for (const { version } of Object.values(PROGRAMS)) expect(version).toMatch(/^\d+\.\d+\.\d+$/u);
});

test.each(names)('%s is found where it is, and its absence has a reason', async (name) => {
  const cache = await useTemporaryDirectory('cache');
  expect(findProgram(name, cache)).toHaveProperty('skipped');
  const program = PROGRAMS[name];
  if (program === undefined) throw new Error(name);
  const file = join(programDirectory(program, cache), programFile(program));
  await mkdir(dirname(file), { recursive: true });
  await symlink('nowhere', file);
  expect(findProgram(name, cache)).toHaveProperty('skipped');
  await writeFile(join(dirname(file), 'nowhere'), '');
  const found = findProgram(name, cache);
  expect('path' in found && [found.path, ...found.prefixArgs].at(-1)).toBe(file);
  // Nothing is fetched for what is there, but others can read it, as in a cell of root's, where an agent is nobody.
  await chmod(programDirectory(program, cache), 0o700);
  expect(await fill(name, cache)).toBeNull();
  expect((await stat(programDirectory(program, cache))).mode & 0o777).toBe(0o755);
});

test('what cannot be fetched leaves nothing behind', async () => {
  const cache = await useTemporaryDirectory('cache');
  const settings = {
    npm_config_registry: 'http://127.0.0.1:1',
    npm_config_fetch_retries: '0',
    npm_config_cache: cache,
  };
  Object.assign(process.env, settings);
  onTestFinished(() => {
    for (const name of Object.keys(settings)) delete process.env[name];
  });
  const below = join(cache, 'agents');
  expect(await fill('pi', below)).toMatch(/^pi: npm failed: /u);
  expect(await readdir(below)).toEqual([]);
  expect(await fill('nobody', below)).toMatch(/^there is no nobody: /u);
});
