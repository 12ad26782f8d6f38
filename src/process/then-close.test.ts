import { expect, test } from 'vitest';

import { thenClose } from './then-close.ts';

const lost = Object.assign(new Error('the lease is lost'), { code: 'lease-lost' });
const full = Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
const failWith = (error: Error) => () => Promise.reject(error);

test('closes after what was done, and gives back what came of it', async () => {
  const done: string[] = [];
  const result = await thenClose(
    () => Promise.resolve(done.push('work')),
    () => Promise.resolve(done.push('close')),
  );
  expect([result, ...done]).toEqual([1, 'work', 'close']);
});

test('of two errors the first one is thrown, as it is; one alone always', async () => {
  const nothing = (): Promise<void> => Promise.resolve();
  await expect(thenClose(failWith(lost), failWith(full))).rejects.toBe(lost);
  await expect(thenClose(failWith(lost), nothing)).rejects.toBe(lost);
  await expect(thenClose(nothing, failWith(full))).rejects.toBe(full);
});
