import { existsSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDriven } from '../../test/fixtures/yard/driven.ts';
import { baseConfig } from '../../test/fixtures/yard/yard.ts';
import { readPin } from '../config/pin.ts';

test('the configuration is read once, pinned, and named for those who only look', async () => {
  const { yard, local } = await openDriven();
  const first = await yard.settings.current();
  expect(await yard.settings.current()).toEqual(first);
  expect(readFileSync(join(yard.stateDirectory, 'current-pin'), 'utf8')).toBe(first.pinHash);
  const pin = readPin(yard.stateDirectory, first.pinHash);
  expect({ ...pin }).toEqual({ ...first.pin });
  expect(pin.repository.root).toBe(local.parts.source.path);
  expect(yard.settings.problem).toBeNull();
});

test('a change takes effect, and the earlier pin stays for those who work by it', async () => {
  const { yard, writeConfig } = await openDriven();
  const changes: number[] = [];
  yard.settings.onChange = ({ config }) => changes.push(config.limits.retries);
  const before = await yard.settings.current();
  await writeConfig({ limits: { retries: 7 } });
  const after = await yard.settings.current();
  expect(after.config.limits.retries).toBe(7);
  expect(after.pinHash).not.toBe(before.pinHash);
  expect(readFileSync(join(yard.stateDirectory, 'current-pin'), 'utf8')).toBe(after.pinHash);
  expect(readPin(yard.stateDirectory, before.pinHash).config.limits.retries).toBe(3);
  expect(changes).toEqual([3, 7]);
});

test('the address of a webhook stands in no pin; another address is a change all the same', async () => {
  const { yard, local } = await openDriven();
  const file = join(local.parts.source.path, '.yard/config.local.yaml');
  const hashes = new Set<string>();
  for (const secret of ['canary-1', 'canary-2']) {
    await writeFile(file, `notify: { webhook: { url: "https://hooks.example/${secret}" } }\n`);
    const { pinHash } = await yard.settings.current();
    hashes.add(pinHash);
    expect(readFileSync(join(yard.stateDirectory, 'pins', `${pinHash}.json`), 'utf8')).not.toContain(secret);
  }
  expect(hashes.size).toBe(2);
});

test('a local file counts, and going again', async () => {
  const { yard, local } = await openDriven();
  const file = join(local.parts.source.path, '.yard/config.local.yaml');
  await yard.settings.current();
  await writeFile(file, 'limits: { retries: 9 }\n');
  expect((await yard.settings.current()).config.limits.retries).toBe(9);
  await rm(file);
  expect((await yard.settings.current()).config.limits.retries).toBe(3);
});

test('a version that does not hold is reported, and the last good one stays in force', async () => {
  const { yard, local, writeConfig } = await openDriven();
  const good = await yard.settings.current();
  for (const [text, code] of [
    ['version: 1\ntarget: [', 'config-invalid'],
    [JSON.stringify({ ...baseConfig(local.path('')), colour: 'red' }), 'config-invalid'],
    ['', 'config-invalid'],
  ] as const) {
    await writeConfig(text);
    expect(await yard.settings.current()).toBe(good);
    expect(yard.settings.problem).toMatchObject({ code });
  }
  await rm(join(local.parts.source.path, '.yard/config.yaml'));
  expect(await yard.settings.current()).toBe(good);
  expect(yard.settings.problem).toMatchObject({ code: 'no-config' });
  await writeConfig();
  expect((await yard.settings.current()).pinHash).toBe(good.pinHash);
  expect(yard.settings.problem).toBeNull();
});

test('without any good version there are no settings', async () => {
  const { yard, writeConfig } = await openDriven();
  await writeConfig('version: 2\n');
  await expect(yard.settings.current()).rejects.toMatchObject({ code: 'config-newer' });
  await expect(yard.settings.current()).rejects.toMatchObject({ code: 'config-newer' });
  expect(existsSync(join(yard.stateDirectory, 'pins'))).toBe(false);
});

test('recipes of a file belong to the settings: changed, broken, gone', async () => {
  const recipes = 'recipes.yaml';
  const config = { agents: { script: { kind: 'replay', recipes } } };
  const { yard, local } = await openDriven({ config, files: { [recipes]: 'TASK-1: [{ say: one }]\n' } });
  const file = join(local.parts.source.path, recipes);
  const said = async (): Promise<unknown> => (await yard.settings.current()).pin.recipes['script'];
  expect(await said()).toEqual({ 'TASK-1': [{ say: 'one' }] });
  await writeFile(file, 'TASK-1: [{ say: two }]\n');
  expect(await said()).toEqual({ 'TASK-1': [{ say: 'two' }] });
  for (const text of ['TASK-1: [{ say: [1] }]\n', 'TASK-1: {\n', 'TASK-1:\n  - shout: x\n']) {
    await writeFile(file, text);
    expect(await said()).toEqual({ 'TASK-1': [{ say: 'two' }] });
    expect(yard.settings.problem).toMatchObject({ code: 'recipes-invalid' });
    expect(yard.settings.problem?.message).toMatch(/^recipes\.yaml:\d+:\d+: /);
  }
  await rm(file);
  expect(await said()).toEqual({ 'TASK-1': [{ say: 'two' }] });
  expect(yard.settings.problem).toMatchObject({ code: 'no-recipes' });
});

test('what the operator ignores goes into the pin', async () => {
  const { yard, local, writeConfig } = await openDriven();
  await writeFile(join(local.parts.source.path, '.git/info/exclude'), '*.mine\n');
  expect((await yard.settings.current()).pin.excludes).toContain('*.mine');
  await writeFile(local.path('global-ignore'), '*.global\n');
  await local.git('config', 'core.excludesFile', local.path('global-ignore'));
  await writeConfig({ limits: { retries: 1 } });
  expect((await yard.settings.current()).pin.excludes).toContain('*.global');
});

test('the address of a webhook is not written down with what work needs', async () => {
  const { yard, writeConfig } = await openDriven();
  const address = 'https://hooks.example/services/0123456789abcdef';
  await writeConfig({ notify: { webhook: { url: address } } });
  const { config, pinHash } = await yard.settings.current();
  expect(config.notify.webhook?.url).toBe(address);
  expect(JSON.stringify(readPin(yard.stateDirectory, pinHash))).not.toContain('0123456789abcdef');
});
