import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { bareConfig } from '../config/bare-config.ts';
import type { Config } from '../config/schema.ts';
import { checkPrograms } from './agent-programs.ts';
import type { AgentPrograms } from './agent-programs.ts';

async function check(chains: readonly string[], more: Partial<Config> = {}): Promise<AgentPrograms> {
  const directory = await useTemporaryDirectory('programs');
  for (const name of ['codex', 'qwen']) {
    await mkdir(join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'bin', name), '');
    await chmod(join(directory, 'bin', name), 0o755);
  }
  const bare = bareConfig();
  const config: Config = { ...bare, ...more, defaults: { ...bare.defaults, agent: 'codex' } };
  return checkPrograms(config, chains, { PATH: join(directory, 'bin'), CODEX_API_KEY: 'dummy' });
}

test('who is not logged in is told how', async () => {
  const { missing, warnings } = await check(['qwen']);
  expect(missing).toBeNull();
  expect(warnings).toEqual(['nobody is logged in to qwen, as far as that shows; set OPENAI_API_KEY']);
});

test('a program that is not installed is a fault only where no other of its chain is', async () => {
  expect((await check(['gemini, codex'])).warnings).toEqual([expect.stringContaining('gemini')]);
  expect((await check(['gemini'])).missing?.code).toBe('agent-missing');
});

test('a model without a price is named, with the key that gives it one', async () => {
  const { warnings } = await check(['codex:no-such-model', 'codex:gpt-5.5']);
  expect(warnings).toEqual([
    expect.stringMatching(/^nobody says what no-such-model costs: .* set prices.no-such-model /),
  ]);
  expect(
    (await check(['codex:no-such-model'], { prices: { 'no-such-model': { input: 1, output: 2 } } })).warnings,
  ).toEqual([]);
});
