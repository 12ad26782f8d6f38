import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { memoryHog } from '../../test/fixtures/sandbox/memory-hog.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import type { ProcessResult } from '../process/process-result.ts';
import { runProcess } from '../process/run.ts';
import { beyond, UsageWatch } from './usage-watch.ts';
import type { WatchedLimits } from './usage-watch.ts';

const MEBIBYTE = 1024 ** 2;
const PAUSES = { memoryMs: 20, diskMs: 20 };

interface Watched {
  readonly result: ProcessResult;
  readonly breach: string | null;
}

async function watched(script: string, limits: Partial<WatchedLimits>): Promise<Watched> {
  const directory = await useTemporaryDirectory('watch');
  await mkdir(join(directory, 'lane'));
  const cwd = join(directory, 'lane');
  const watch = new UsageWatch(
    {
      memoryBytes: 100 * MEBIBYTE,
      measuresMemory: true,
      diskBytes: 100 * MEBIBYTE,
      directories: [cwd],
      ranOutOfMemory: () => false,
      ...limits,
    },
    `${directory}:watch`,
    PAUSES,
  );
  const result = await runProcess('/bin/sh', ['-c', script], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '' },
    marker: `${directory}:watch`,
    timeoutMs: 60_000,
    onStarted: ({ identity }) => watch.started(identity),
  });
  return { result, breach: await watch.stop() };
}

test('the limit is named by the key that says it', () => {
  const keys = { memory: 'sandbox.agents.limits.memory', disk: 'agents.a.sandbox.limits.disk' };
  expect(beyond('memory', 2 ** 30, keys)).toMatch(/its limit \(sandbox\.agents\.limits\.memory\)$/);
  expect(beyond('disk', 2 ** 30, keys)).toMatch(/of the disk, its limit \(agents\.a\.sandbox\.limits\.disk\)$/);
});

const hog = (mebibytes: number): string => memoryHog(mebibytes * MEBIBYTE);

test.skipIf(process.platform !== 'linux')('a tree that takes too much memory is ended (Linux)', async () => {
  const { result, breach } = await watched(hog(200), {});
  expect(breach).toBe('used more than 100 MiB of memory, its limit (limits.memory)');
  expect(result).toMatchObject({ kind: 'signalled', signal: 'SIGKILL', survivors: [] });
});

test.skipIf(process.platform !== 'linux')('its processes count together (Linux)', async () => {
  const { breach } = await watched(`(${hog(60)}) & (${hog(60)}) & wait`, {});
  expect(breach).toContain('of memory');
});

test.skipIf(process.platform !== 'linux')('what forks share counts once (Linux)', async () => {
  const program = `
    const { execFileSync } = require('node:child_process');
    const held = Buffer.alloc(${60 * MEBIBYTE}, 1);
    process.stdout.write(String(held.length));`;
  const { result, breach } = await watched(`'${process.execPath}' -e "${program}"`, { memoryBytes: 400 * MEBIBYTE });
  expect(result.stdout.toString()).toBe(String(60 * MEBIBYTE));
  expect(breach).toBeNull();
});

test('so is one that writes too much, wherever the files are by then', async () => {
  const script = 'head -c 2000000 /dev/zero > a; mkdir b; mv a b/c; sleep 1000';
  const { result, breach } = await watched(script, { diskBytes: MEBIBYTE });
  expect(breach).toBe('used more than 1.0 MiB of the disk, its limit (limits.disk)');
  expect(result).toMatchObject({ kind: 'signalled', survivors: [] });
});

test('one that lost a process for want of memory goes on no further', async () => {
  const { breach } = await watched('sleep 1000', { ranOutOfMemory: () => true, measuresMemory: false });
  expect(breach).toContain('of memory');
});

test('what keeps to its limits is left alone', async () => {
  const { result, breach } = await watched('head -c 1000000 /dev/zero > a; echo done', {});
  expect(result).toMatchObject({ kind: 'exited', code: 0 });
  expect(breach).toBeNull();
});
