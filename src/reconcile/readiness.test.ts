import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFiles } from '../../test/fixtures/git/repository.ts';
import { openDriven } from '../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../test/fixtures/yard/driven.ts';
import { setRefs } from '../git/depot.ts';
import { findRepository } from '../git/repository.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { checkReady, makeTarget } from './readiness.ts';
import type { Readiness } from './readiness.ts';

async function check({ yard, local }: DrivenYard): Promise<Readiness> {
  const { config } = await yard.settings.current();
  return checkReady(await findRepository(local.parts.source.path), config, await yard.store.rows());
}

const refusal = (driven: DrivenYard): Promise<unknown> =>
  check(driven).then(
    () => null,
    (error: unknown) => (error as { code?: unknown }).code,
  );

test('a yard that is ready', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  expect(await check(driven)).toEqual({ warnings: [], missingTargetAt: null });
});

test('a target that is missing is made once, at the current commit, and not again when it has gone', async () => {
  const driven = await openDriven();
  const { local, yard } = driven;
  await local.git('branch', '-q', '-D', 'agent/integration');
  const commit = await commitFiles(local.parts.source, { a: 'a\n' });
  expect((await check(driven)).missingTargetAt).toBe(commit);
  expect(await makeTarget(yard, 'agent/integration', commit)).toBe(false);
  await setRefs(yard.depot, { [TARGET_RECORD]: null });
  expect(await makeTarget(yard, 'agent/integration', commit)).toBe(true);
  expect(await local.targetHead()).toBe(commit);
  expect((await check(driven)).missingTargetAt).toBeNull();
});

test.each<[string, string, (driven: DrivenYard) => Promise<unknown>]>([
  ['the target is checked out', 'target-held', ({ local }) => local.git('checkout', '-q', 'agent/integration')],
  [
    'the target is a symbolic ref',
    'target-symbolic',
    ({ local }) => local.git('symbolic-ref', local.target, 'refs/heads/main'),
  ],
  ['a task file is broken', 'task-no-title', ({ writeTask }) => writeTask({ id: 'TASK-1', title: '' })],
  [
    'files go through a filter',
    'filters',
    async ({ local }) => {
      await commitFiles(local.parts.source, { '.gitattributes': '*.bin filter=lfs\n' });
      await local.git('branch', '-f', 'agent/integration', 'main');
    },
  ],
  [
    'an agent is not on PATH',
    'agent-missing',
    ({ writeConfig }) => writeConfig({ agents: { script: { kind: 'command', run: ['no-such-program', 'x'] } } }),
  ],
  [
    'the program of an agent’s command is not on PATH',
    'agent-missing',
    ({ writeConfig }) => writeConfig({ agents: { script: { kind: 'command', run: 'no-such-program --fast' } } }),
  ],
  [
    'an agent is a file that is not there',
    'agent-missing',
    ({ writeConfig }) => writeConfig({ agents: { script: { kind: 'command', run: ['./no-such-file'] } } }),
  ],
  [
    'a provided file is not ignored',
    'provision-not-ignored',
    ({ writeConfig }) => writeConfig({ provision: [{ source: 'README.md' }] }),
  ],
  [
    'the place of a provided file is not ignored',
    'provision-not-ignored',
    async ({ local, writeConfig }) => {
      await writeFile(join(local.parts.source.path, '.git/info/exclude'), '.env\n');
      await writeConfig({ provision: [{ source: '.env', target: 'env.txt' }] });
    },
  ],
  [
    'there is no commit',
    'no-commits',
    async ({ local }) => {
      await local.git('checkout', '-q', '--orphan', 'empty');
    },
  ],
])('refused: %s', async (_, code, spoil) => {
  const driven = await openDriven();
  await spoil(driven);
  expect(await refusal(driven)).toBe(code);
});

test('commands of a shell pass: only a shell could tell what they start', async () => {
  const driven = await openDriven();
  for (const run of ['cd x && ./y', 'A=b no-such-program', '"no such" x', 'if true; then :; fi', 'sh -c x']) {
    await driven.writeConfig({ agents: { script: { kind: 'command', run } } });
    expect(await refusal(driven)).toBeNull();
  }
});

test('submodules are told', async () => {
  const driven = await openDriven();
  const { local } = driven;
  await rm(join(local.parts.source.path, '.yard'), { recursive: true });
  await local.git('update-index', '--add', '--cacheinfo', `160000,${local.parts.base},sub`);
  await local.git('commit', '-qm', 'submodule');
  await local.git('branch', '-f', 'agent/integration', 'main');
  await driven.writeConfig();
  expect((await check(driven)).warnings).toEqual(['submodules are left empty in lanes and gates: sub']);
});

test('what every attempt would fail for is told before: a required file, a prewarm that sees nothing', async () => {
  const driven = await openDriven();
  await writeFile(join(driven.local.parts.source.path, '.gitignore'), '.env\n');
  await driven.writeConfig({ provision: [{ source: '.env', required: true }] });
  expect(await refusal(driven)).toBe('provision-missing');
  await writeFile(join(driven.local.parts.source.path, '.env'), '');
  expect(await refusal(driven)).toBeNull();
  const prewarm = { run: 'true', key: ['package.jsn'], outputs: ['out'] };
  await driven.writeConfig({ prewarm: [prewarm] });
  expect(await refusal(driven)).toBe('prewarm-key-missing');
  await driven.writeConfig({ prewarm: [{ ...prewarm, key: ['package.jsn', '**/README.md'] }] });
  expect(await refusal(driven)).toBeNull();
});
