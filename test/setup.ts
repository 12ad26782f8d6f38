import { setTimeout as delay } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { survivors } from './fixtures/survivors.ts';

// What was signalled just before the end of the file may still be on its way out.
const graceMs = 5_000;
const pollMs = 20;

// Registered before every hook of the test file, so that it runs after all of them.
afterAll(async () => {
  const deadlineMs = performance.now() + graceMs;
  let left = await survivors();
  while (left.length > 0 && performance.now() < deadlineMs) {
    await delay(pollMs);
    left = await survivors();
  }
  if (left.length === 0) return;
  const list = left.map(({ pid, command }) => `${pid} (${command})`).join(', ');
  for (const { pid } of left) kill(pid);
  throw new Error(`this test file left processes behind: ${list}`);
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in between: what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
