import type { Clock } from '../core/clock.ts';
import { clockAheadMs } from './failpoint.ts';

const NANOSECONDS_PER_MS = 1_000_000n;

/** The clocks of this machine. `monotonicMs` is CLOCK_MONOTONIC: one count for every process of a boot, never set back. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / NANOSECONDS_PER_MS) + clockAheadMs,
};
