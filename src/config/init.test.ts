import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { type InitialConfig, renderConfig } from './init.ts';
import { loadConfig } from './load.ts';

async function load(initial: InitialConfig) {
  const root = await useTemporaryDirectory('init');
  await mkdir(join(root, '.yard'));
  await writeFile(join(root, '.yard/config.yaml'), renderConfig(initial));
  return (await loadConfig(root)).config;
}

test('without a confirmed gate or agent it has ones that fail and say where to set them', async () => {
  const config = await load({ target: 'agent/integration', gate: null });
  expect(config.target).toBe('agent/integration');
  expect(config.gates['default']?.run).toMatch(/gates\.default\.run in \.yard\/config\.yaml" >&2; exit 1$/);
  expect(config.agents['default']).toMatchObject({
    run: expect.stringMatching(/agents\.default\.run .*exit 1$/) as string,
  });
  expect(config.prewarm).toEqual([]);
});

test('what was chosen is written, whatever it has in it', async () => {
  const config = await load({
    target: '2026',
    gate: 'npm test -- --grep "a: b #c" && echo \'done\'',
    prewarm: { run: 'npm ci', key: ['a,b.json', 'x'], outputs: ['node_modules'] },
    agent: { name: 'codemod', run: ['node', 'a b.mjs', '--x={1,2}', 'true', ''] },
  });
  expect(config).toMatchObject({
    target: '2026',
    defaults: { agent: 'codemod', gate: 'default' },
    gates: { default: { run: 'npm test -- --grep "a: b #c" && echo \'done\'' } },
    agents: { codemod: { run: ['node', 'a b.mjs', '--x={1,2}', 'true', ''] } },
    prewarm: [{ run: 'npm ci', key: ['a,b.json', 'x'], outputs: ['node_modules'] }],
  });
});

test('editors are told where the schema is', () => {
  const [first] = renderConfig({ target: 'x', gate: 'make' }).split('\n');
  expect(first).toBe('# yaml-language-server: $schema=./config.schema.json');
});

test('what is commented out is right once the marks are taken away', async () => {
  const text = renderConfig({ target: 'x', gate: 'make' }).replaceAll(
    /^# (?=(?:prewarm|provision|sandbox|environment|identity):| {2})/gm,
    '',
  );
  const root = await useTemporaryDirectory('init');
  await mkdir(join(root, '.yard'));
  await writeFile(join(root, '.yard/config.yaml'), text);
  const { config } = await loadConfig(root);
  expect(config.prewarm).toMatchObject([{ run: 'npm ci' }]);
  expect(config.provision).toHaveLength(1);
  expect(config.sandbox.agents.write).toEqual(['~/.config/my-agent']);
  expect(config.environment.allow).toEqual(['CI']);
});
