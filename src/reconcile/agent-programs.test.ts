import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { NO_AGENT } from '../config/init.ts';
import { bareConfig } from '../config/bare-config.ts';
import { configSchema } from '../config/schema.ts';
import { poolSchema } from '../config/pool-schema.ts';
import type { Config } from '../config/schema.ts';
import { checkPrograms } from './agent-programs.ts';
import type { AgentPrograms } from './agent-programs.ts';

async function check(
  chains: readonly string[],
  more: Partial<Config> = {},
  defaultAgent = 'codex',
): Promise<AgentPrograms> {
  const directory = await useTemporaryDirectory('programs');
  for (const name of ['codex', 'qwen']) {
    await mkdir(join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'bin', name), '');
    await chmod(join(directory, 'bin', name), 0o755);
  }
  const bare = bareConfig();
  const config: Config = { ...bare, ...more, defaults: { ...bare.defaults, agent: defaultAgent } };
  return checkPrograms(config, chains, { PATH: join(directory, 'bin'), CODEX_API_KEY: 'dummy' });
}

test('who is not logged in is told how', async () => {
  const { missing, warnings } = await check(['qwen']);
  expect(missing).toBeNull();
  expect(warnings).toEqual(['nobody is logged in to qwen, as far as that shows; set OPENAI_API_KEY']);
});

test('who is not logged in to a second account is told the variable that it is known by', async () => {
  const bare = bareConfig();
  const pools = { second: poolSchema.parse({ variables: { OPENAI_API_KEY: 'SECOND_KEY' }, login: 'own' }) };
  const { qwen } = bare.agents;
  if (qwen === undefined) throw new Error('qwen is built in');
  const agents = { ...bare.agents, 'qwen-second': { ...qwen, pool: 'second' } };
  const { warnings } = await check(['qwen-second'], { agents, pools });
  expect(warnings).toEqual([
    expect.stringMatching(/qwen-second, .*; set SECOND_KEY, its OPENAI_API_KEY by pools\.second/),
  ]);
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

test('the command that init writes where it finds no agent counts only where somebody would be given to it', async () => {
  const { agents } = configSchema.parse({
    target: 'agent/integration',
    defaults: { agent: 'default', gate: 'default' },
    agents: { default: { kind: 'command', run: NO_AGENT } },
    gates: { default: { run: 'true' } },
  });
  expect(await check([], { agents })).toEqual({ missing: null, warnings: [] });
  expect((await check(['default'], { agents })).missing?.code).toBe('no-agent');
  expect((await check(['default, codex'], { agents })).warnings).toEqual([expect.stringContaining('no agent is set')]);
  const { missing } = await check([], { agents }, 'default');
  expect(missing).toMatchObject({
    code: 'no-agent',
    hint: expect.stringMatching(/^Set defaults\.agent: codex, which is installed .* agents\.default\.run/),
  });
});
