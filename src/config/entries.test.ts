import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { changedKeys, valuesOf } from './entries.ts';
import { loadConfig } from './load.ts';

const CONFIG = `target: agent/integration
defaults: { agent: a, gate: default }
gates:
  default: { run: 'true' }
agents:
  a: { kind: command, run: [tool, --fast] }
limits:
  concurrent: 2
  retries: 2
  hours: 2
`;

async function entries(local: string | null, environment: Record<string, string> = {}, text = CONFIG) {
  const root = await useTemporaryDirectory('config');
  await mkdir(join(root, '.yard'));
  await writeFile(join(root, '.yard/config.yaml'), text);
  if (local !== null) await writeFile(join(root, '.yard/config.local.yaml'), local);
  const all = (await loadConfig(root, environment)).entries();
  return { all, at: (key: string) => all.find((entry) => entry.key === key) };
}

test('each value has the origin of the layer that won: variable, local, repository, default', async () => {
  const { at } = await entries('limits: { retries: 3, hours: 3 }\n', { YARD_LIMITS_HOURS: '4' });
  expect(at('limits.hours')).toEqual({
    key: 'limits.hours',
    value: 4,
    origin: { kind: 'environment', variable: 'YARD_LIMITS_HOURS' },
  });
  expect(at('limits.retries')).toEqual({
    key: 'limits.retries',
    value: 3,
    origin: { kind: 'file', file: '.yard/config.local.yaml', line: 1, column: 11 },
  });
  expect(at('limits.concurrent')).toEqual({
    key: 'limits.concurrent',
    value: 2,
    origin: { kind: 'file', file: '.yard/config.yaml', line: 8, column: 3 },
  });
  expect(at('limits.dispatchPerCycle')).toEqual({
    key: 'limits.dispatchPerCycle',
    value: 5,
    origin: { kind: 'default' },
  });
});

test('lists are values, maps are not; what is not said and has no default is there without a value', async () => {
  const { at, all } = await entries(null);
  expect(at('agents.a.run')?.value).toEqual(['tool', '--fast']);
  expect(at('agents.a')).toBeUndefined();
  expect(at('gates.default.timeout')).toMatchObject({ value: undefined, origin: { kind: 'default' } });
  expect(at('limits.backlog')?.value).toBeNull();
  expect(at('sandbox')?.value).toBe('auto');
  expect(at('areas')?.value).toEqual({});
  expect(at('version')).toEqual({ key: 'version', value: 1, origin: { kind: 'default' } });
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
});

test('a map in place of one word shows its own keys', async () => {
  const { at } = await entries('sandbox: { agents: none }\n');
  expect(at('sandbox.agents')).toMatchObject({ value: 'none', origin: { file: '.yard/config.local.yaml' } });
  expect(at('sandbox')).toBeUndefined();
});

test('what has changed is named by the keys of the files', async () => {
  const before = valuesOf((await entries(null)).all);
  const more = CONFIG.replace("run: 'true'", 'run: npm test, timeout: 5m').replace('retries: 2', 'retries: 9');
  const after = valuesOf((await entries(null, {}, more)).all);
  expect(changedKeys(before, after)).toEqual(['gates.default.run', 'gates.default.timeout', 'limits.retries']);
  expect(changedKeys(after, after)).toEqual([]);
});
