import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { startYard } from '../fixtures/e2e/command.ts';
import type { Ran } from '../fixtures/e2e/command.ts';
import { minimalEnvironment, runGit } from '../fixtures/e2e/git.ts';
import { awaitQuiet } from '../fixtures/e2e/own-processes.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

const timeout = 300_000;

test('yard demo --scenario steer: what waits is found out and mended by command alone', { timeout }, async () => {
  const base = await useTemporaryDirectory('steer');
  const [home, directory] = [join(base, 'home'), join(base, 'demo')];
  await mkdir(home);
  onTestFinished(() => awaitQuiet(base, 10_000), 60_000);
  const env = { ...minimalEnvironment(home), YARD_SANDBOX: 'none' };
  const demo = await startYard(['demo', '--scenario', 'steer', '--directory', directory], { cwd: base, env }).done;
  expect(demo).toMatchObject({ code: 0, stdout: expect.stringContaining('\n2 tasks landed on agent/integration') });

  const cwd = join(directory, 'shop');
  const own = { ...env, YARD_STATE_DIR: join(directory, 'state') };
  const yard = async (...args: string[]): Promise<Ran> => startYard(args, { cwd, env: own }).done;
  const done = async (...args: string[]): Promise<string> => {
    const ran = await yard(...args);
    expect(ran).toMatchObject({ code: 0 });
    return ran.stdout;
  };

  // Why each one waits, with the command that mends it.
  const why = await done('why', '--all');
  expect(why).toContain('yard answer SHIP-3');
  expect(why).toContain('yard approve SHIP-6');
  expect(why).toContain('yard edit SHIP-2 --add-owns packages/orders/src/surcharge.js');
  expect(why).toContain('it comes after ORD-6, which is parked');

  await done('stop', '--why', 'a look around');
  expect(await yard('run')).toMatchObject({ code: 4 });
  await done('answer', 'SHIP-3', 'A6');
  await done('approve', 'SHIP-6');
  await done('edit', 'SHIP-2', '--add-owns', 'packages/orders/src/surcharge.js');
  await done('unpark', 'SHIP-2');
  await done('supersede', 'ORD-6', 'Note the offer, and leave the prices alone', '--accept', 'there is a note');
  await done('resume');
  expect(await done('next')).toContain('SHIP-2');
  expect(await yard('run')).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n7 landed, 1 superseded\n$/) });
  const files = runGit(cwd, home, ['ls-tree', '-r', '--name-only', 'agent/integration']).split('\n');
  expect(files).toEqual(
    expect.arrayContaining([
      '.github/workflows/test.yml',
      'packages/orders/src/surcharge.js',
      'packages/shipping/src/label.js',
    ]),
  );

  await done('export', '--to', join(base, 'story'));
  expect(existsSync(join(base, 'story/tasks'))).toBe(true);
  expect(await readFile(join(base, 'story/report.md'), 'utf8')).toContain('SHIP-3');
});
