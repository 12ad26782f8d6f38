import { constants } from 'node:os';

import type { ProcessResult } from '../process/process-result.ts';

/** What a shell adds to the number of a signal. */
export const SIGNALLED = 128;

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]));

/** Who runs a command for us gives back a signal as a shell does: what exited so was ended by it. */
export function withSignal(result: ProcessResult & { kind: 'exited' }): ProcessResult {
  const signal = SIGNALS.get(result.code - SIGNALLED);
  return signal === undefined ? result : { ...result, kind: 'signalled', signal };
}
