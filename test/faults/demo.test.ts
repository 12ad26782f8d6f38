import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startYard } from '../fixtures/e2e/command.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { awaitQuiet } from '../fixtures/e2e/own-processes.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

// The failpoints that only `yard demo` comes by: it makes a project.

vi.setConfig({ testTimeout: 120_000 });

const POINTS = ['git.init', 'git.add', 'git.commit'].flatMap((name) => [`${name}:before`, `${name}:after`]);

test.each(POINTS)('a demo that is killed at %s leaves no process, and is not mixed with the next', async (name) => {
  const base = await useTemporaryDirectory('demo');
  await mkdir(join(base, 'home'));
  const directory = join(base, 'demo');
  const env = { ...minimalEnvironment(join(base, 'home')), YARD_FAILPOINTS: `${name}:1:kill` };
  const killed = await startYard(['demo', '--directory', directory], { cwd: base, env }).done;
  expect(killed.code).toBeNull();
  await awaitQuiet(base, 10_000);
  const again = await startYard(['demo', '--directory', directory], { cwd: base, env }).done;
  expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/it is not empty\nhint: Name a directory/) });
});
