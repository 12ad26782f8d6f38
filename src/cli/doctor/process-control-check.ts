import { tmpdir } from 'node:os';

import { allowedEnvironment } from '../../process/environment.ts';
import { identityOf, isAlive, ownIdentity } from '../../process/identity.ts';
import { runProcess } from '../../process/run.ts';
import { fail, pass } from './check.ts';
import type { Check, Finding } from './check.ts';

/** What all recovery stands on: who a process is can be told, and a tree of processes can be ended, with proof. */
export const processControlCheck: Check = { id: 'process-control', requires: ['node'], examine };

/** Two processes, of which the one would outlive the other. */
const STRAY = 'sleep 1000 & echo $!; exec sleep 1000';
const TIMEOUT_MS = 10_000;
const SAFE = 'Nothing is started whose end could not be proved.';

async function examine(): Promise<Finding> {
  const self = ownIdentity();
  if (!isAlive(self)) {
    return fail('the process table says that this very process does not run', 'Look at /proc: is it mounted?', SAFE);
  }
  const stop = new AbortController();
  let strayPid = 0;
  const result = await runProcess('/bin/sh', ['-c', STRAY], {
    cwd: tmpdir(),
    env: allowedEnvironment([], {}),
    marker: `yard-doctor:${self.pid}:${self.startTime}`,
    timeoutMs: TIMEOUT_MS,
    killGraceMs: 0,
    signal: stop.signal,
    onOutput: (chunk) => {
      strayPid = Number.parseInt(chunk.toString('latin1'), 10);
      stop.abort();
    },
  });
  if (result.kind === 'spawn-failed') {
    return fail(`no process can be started: ${result.message}`, 'See how many may run: ulimit -u', SAFE);
  }
  const stray = strayPid > 0 ? identityOf(strayPid) : null;
  if (result.kind !== 'cancelled' || result.survivors.length > 0 || (stray !== null && isAlive(stray))) {
    const left = [...result.survivors, ...(stray === null ? [] : [strayPid])].join(', ');
    return fail(
      `a process in a session of its own could not be ended${left === '' ? ` (${result.kind})` : `: ${left}`}`,
      'Let this user signal its own processes, and see all of them in /proc.',
      SAFE,
    );
  }
  return pass('a session was started, and ended with all that was in it');
}
