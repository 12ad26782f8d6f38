import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test.each(['soon', '1e3', '', '-1', 'NaN'])('a clock that is ahead by %j is refused', async (text) => {
  vi.stubEnv('YARD_CLOCK_AHEAD_MS', text);
  await expect(import('./failpoint.ts')).rejects.toThrow('YARD_CLOCK_AHEAD_MS');
});

test('a clock that is ahead by a number of milliseconds is', async () => {
  vi.stubEnv('YARD_CLOCK_AHEAD_MS', '600000');
  expect((await import('./failpoint.ts')).clockAheadMs).toBe(600_000);
});
