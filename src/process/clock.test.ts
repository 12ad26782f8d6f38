import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';

it('counts monotonic time alike in every process', () => {
  const before = systemClock.monotonicMs();
  const module = JSON.stringify(`${import.meta.dirname}/clock.ts`);
  const program = `import(${module}).then(({ systemClock }) => console.log(systemClock.monotonicMs()))`;
  const there = Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
  expect(there).toBeGreaterThanOrEqual(before);
  expect(there).toBeLessThanOrEqual(systemClock.monotonicMs());
});

it('tells whole milliseconds', () => {
  expect(Number.isSafeInteger(systemClock.monotonicMs())).toBe(true);
  expect(Number.isSafeInteger(systemClock.nowMs())).toBe(true);
});
