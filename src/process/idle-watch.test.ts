import { expect, onTestFinished, test, vi } from 'vitest';
import { IdleWatch } from './idle-watch.ts';

function watchFor(idleMs: number | null): IdleWatch {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  return new IdleWatch(idleMs);
}

test('it fires once nothing was heard for so long, and not before', () => {
  const watch = watchFor(1_000);
  for (let n = 0; n < 5; n += 1) {
    vi.advanceTimersByTime(999);
    watch.heard();
  }
  expect(watch.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(watch.signal.aborted).toBe(true);
});

test('one that was stopped, and one without a limit, never fire', () => {
  const watch = watchFor(1_000);
  watch.stop();
  const endless = new IdleWatch(null);
  vi.advanceTimersByTime(1e9);
  expect([watch.signal.aborted, endless.signal.aborted]).toEqual([false, false]);
});
