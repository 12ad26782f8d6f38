import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { survivors } from './fixtures/survivors.ts';
import { useTemporaryDirectory } from './fixtures/temporary-directory.ts';

test.skipIf(!existsSync('/proc/self/stat'))('children and orphans are found (needs /proc)', async () => {
  const directory = await useTemporaryDirectory();
  // The shell exits at once; its background child belongs to init from then on.
  const shell = spawn('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], { cwd: directory, detached: true });
  const child = spawn('sleep', ['60']);
  const [output] = (await once(shell.stdout, 'data')) as [Buffer];
  const orphan = Number(output.toString());
  const found = (await survivors()).map(({ pid }) => pid);
  process.kill(orphan, 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(found).toEqual(expect.arrayContaining([orphan, child.pid]));
});
