import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from '../core/clock.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { systemClock } from './clock.ts';
import { isAlive, ownIdentity } from './identity.ts';
import type { SpawnFailure } from './launch.ts';
import { spawnDetached } from './spawn.ts';
import type { DetachedOptions, DetachedProcess } from './spawn.ts';
import { findMarked, killTree } from './tree.ts';
import type { KillReport, KillTarget } from './tree.ts';

/**
 * What the engine (scheduler, attempt, train) needs of the machine that it runs on. The simulation has one of its own, in
 * which time and processes are values.
 */
export interface Host {
  readonly clock: Clock;
  /** The process that asks. */
  readonly self: ProcessIdentity;
  isAlive(identity: ProcessIdentity): boolean;
  /** Whether a process runs that carries this marker. */
  hasMarked(marker: string): boolean;
  killTree(target: KillTarget): Promise<KillReport>;
  spawnDetached(
    file: string,
    args: readonly string[],
    options: DetachedOptions,
  ): Promise<DetachedProcess | SpawnFailure>;
  sleep(ms: number): Promise<void>;
  /** Calls `act` again and again, without keeping the process alive. Returns what ends it. */
  every(ms: number, act: () => void): () => void;
}

/** Where work runs that the process table does not show as ours: in containers. */
export interface Elsewhere {
  /** Something that carries the marker may run. */
  has(marker: string): boolean;
  /** Ends all that carries the marker. Returns what it could not end: pids, or 0 where no pid can be told. */
  end(marker: string): Promise<readonly number[]>;
}

/** What it takes to tell whether a process lives and a lease holds. */
export type Onlooker = Pick<Host, 'clock' | 'self' | 'isAlive'>;

/** This machine, seen from this process. */
export function systemHost(clock: Clock = systemClock, elsewhere: Elsewhere | null = null): Host {
  return {
    clock,
    self: ownIdentity(),
    isAlive,
    hasMarked: (marker) => findMarked(marker).length > 0 || elsewhere?.has(marker) === true,
    killTree: (target) => killEverywhere(target, elsewhere),
    spawnDetached,
    sleep: async (ms) => {
      await delay(ms);
    },
    every: (ms, act) => {
      const timer = setInterval(act, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/** As `killTree`, with what runs elsewhere under the same marker. */
export async function killEverywhere(target: KillTarget, elsewhere: Elsewhere | null): Promise<KillReport> {
  // The processes first: one of them may be about to start something there.
  const { survivors } = await killTree(target);
  const left = target.marker === null || elsewhere === null ? [] : await elsewhere.end(target.marker);
  return { survivors: [...survivors, ...left] };
}
