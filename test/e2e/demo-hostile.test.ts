import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { HOSTILE_ATTEMPTS, HOSTILE_SECRET } from '../../src/cli/demo/hostile-attempts.ts';
import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { startYard } from '../fixtures/e2e/command.ts';
import type { Ran } from '../fixtures/e2e/command.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { awaitQuiet } from '../fixtures/e2e/own-processes.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

const timeout = 300_000;

async function runHostile(env: Readonly<Record<string, string>>): Promise<Ran & { rows: readonly string[] }> {
  const base = await useTemporaryDirectory('hostile');
  await mkdir(join(base, 'home'));
  onTestFinished(() => awaitQuiet(base, 60_000), 90_000);
  const args = ['demo', '--scenario', 'hostile', '--directory', join(base, 'demo')];
  const ran = await startYard(args, { cwd: base, env: { ...minimalEnvironment(join(base, 'home')), ...env } }).done;
  const told = ran.stdout.slice(ran.stdout.indexOf('What it tried, and what became of it:'));
  const rows = HOSTILE_ATTEMPTS.map(({ what }) => told.split('\n').find((line) => line.includes(what)) ?? '');
  return { ...ran, rows };
}

test('ten attempts come to nothing, and honest tasks land meanwhile', { timeout }, async (context) => {
  const support = await probeBubblewrap(process.env['PATH'] ?? '');
  if (support.kind === 'missing') context.skip(support.why);
  const { code, stdout, rows } = await runHostile({});
  expect(rows).toHaveLength(10);
  expect(rows.filter((row) => row.includes('IT WORKED') || row === '')).toEqual([]);
  expect(stdout).toContain('\n4 tasks landed on agent/integration');
  expect(stdout).toContain('Your checkout was not touched');
  expect(stdout).not.toContain(HOSTILE_SECRET);
  expect(code).toBe(0);
});
