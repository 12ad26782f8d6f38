import { setTimeout as delay } from 'node:timers/promises';

import type { ContainerEngine } from '../core/sandbox-choice.ts';
import { systemClock } from '../process/clock.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { runProcess } from '../process/run.ts';

const CALL_MS = 20_000;
const PATIENCE_MS = 10_000;
const PAUSE_MS = 50;

/** Docker and podman word it differently, and the version decides whether it counts as an error. */
const NO_SUCH = /no such (?:container|object)|no container with/iu;
/** It has ended by itself, and `--rm` is at work. */
const UNDER_WAY = /already in progress|is being removed|removing/iu;

/**
 * Ends a container at once, and waits until its engine says that there is none of that name. False: it does not say so.
 */
export async function removeContainer(engine: ContainerEngine, name: string): Promise<boolean> {
  // Podman asks first, and waits for ten seconds, unless it is told otherwise.
  const args = ['rm', '--force', '--volumes', ...(engine.flavour === 'podman' ? ['--time', '0'] : []), name];
  const deadlineMs = systemClock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const { code, said } = await ask(engine, args);
    if (code === 0 || NO_SUCH.test(said)) return true;
    if (!UNDER_WAY.test(said) || systemClock.monotonicMs() >= deadlineMs) return false;
    await delay(PAUSE_MS);
  }
}

export interface EngineAnswer {
  /** -1: it did not come to an end of its own. */
  readonly code: number;
  readonly said: string;
}

/** What an engine answers, on whichever stream. */
export async function ask(
  { program, environment }: Pick<ContainerEngine, 'program' | 'environment'>,
  args: readonly string[],
): Promise<EngineAnswer> {
  const result = await runProcess(program, args, {
    cwd: '/',
    env: allowedEnvironment([], environment),
    timeoutMs: CALL_MS,
    maxOutputBytes: 64 * 1024,
  });
  const said = `${result.stdout.toString('utf8')}${result.stderr.toString('utf8')}`;
  if (result.kind === 'exited') return { code: result.code, said };
  return { code: -1, said: result.kind === 'spawn-failed' ? result.message : said };
}
