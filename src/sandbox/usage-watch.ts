import { setTimeout as delay } from 'node:timers/promises';

import type { CellLimits } from '../core/cell-policy.ts';
import { formatBytes } from '../core/disk.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { systemClock } from '../process/clock.ts';
import { Members } from '../process/members.ts';
import { killTree } from '../process/tree.ts';
import { diskUse } from './disk-use.ts';
import { usesMoreMemory } from './memory-use.ts';

/*
 * Limits that nothing keeps but a look now and then. Invariants:
 * 1. A look is followed by a pause of 50 times its own length: it takes 2 % of the time, whatever there is to look at.
 * 2. The first breach ends the tree at once: asked to end, it would go on taking.
 */

export interface WatchedLimits {
  readonly memoryBytes: number;
  /** False: something else keeps that limit. */
  readonly measuresMemory: boolean;
  /** What may be added to `directories`. */
  readonly diskBytes: number;
  readonly directories: readonly string[];
  /** As {@link CellLimits.keys}. */
  readonly keys?: LimitKeys | undefined;
  /** The kernel ended one process of the tree for want of memory, and may have left the others. */
  readonly ranOutOfMemory: () => boolean;
}

type LimitKeys = NonNullable<CellLimits['keys']>;

/** Shortest pauses between two looks. */
export interface Pauses {
  readonly memoryMs: number;
  readonly diskMs: number;
}

const PAUSES: Pauses = { memoryMs: 1_000, diskMs: 5_000 };
const PAUSE_FACTOR = 50;
/** More than any look should cost, and less than a timer can take. */
const PAUSE_MAX_MS = 3_600_000;

export class UsageWatch {
  readonly #limits: WatchedLimits;
  readonly #pauses: Pauses;
  readonly #over = new AbortController();
  readonly #marker: string | null;
  readonly #sinceMs = systemClock.nowMs();
  readonly #looks: Promise<void>[] = [];
  #breach: string | null = null;

  /** What is written to the directories from now on counts. */
  constructor(limits: WatchedLimits, marker: string | null, pauses: Pauses = PAUSES) {
    this.#limits = limits;
    this.#marker = marker;
    this.#pauses = pauses;
  }

  started(leader: ProcessIdentity): void {
    const tree = new Members(leader, this.#marker);
    this.#looks.push(
      this.#repeat(leader, this.#pauses.memoryMs, () => this.#lookAtMemory(tree)),
      this.#repeat(leader, this.#pauses.diskMs, () => this.#lookAtDisk(tree)),
    );
  }

  /** Ends the watch, and says what was used beyond its limit, in half a sentence ("used more than …"), or null. */
  async stop(): Promise<string | null> {
    this.#over.abort();
    await Promise.all(this.#looks);
    return this.#breach;
  }

  async #repeat(leader: ProcessIdentity, leastMs: number, look: () => Promise<string | null>): Promise<void> {
    const { signal } = this.#over;
    for (let tookMs = 0; await passed(Math.max(leastMs, tookMs * PAUSE_FACTOR), signal);) {
      const startedMs = systemClock.monotonicMs();
      const breach = await look();
      tookMs = systemClock.monotonicMs() - startedMs;
      if (breach === null || signal.aborted) continue;
      this.#breach = breach;
      this.#over.abort();
      await killTree({ leader, marker: this.#marker, graceMs: 0 });
    }
  }

  #lookAtMemory(tree: Members): Promise<string | null> {
    const { memoryBytes, keys, ranOutOfMemory } = this.#limits;
    if (ranOutOfMemory()) return Promise.resolve(beyond('memory', memoryBytes, keys));
    const isOver = this.#limits.measuresMemory && usesMoreMemory(tree, memoryBytes);
    return Promise.resolve(isOver ? beyond('memory', memoryBytes, keys) : null);
  }

  async #lookAtDisk(tree: Members): Promise<string | null> {
    const { diskBytes, directories, keys } = this.#limits;
    const pids = [...tree.scan().members.keys()];
    const bytes = await diskUse({ directories, pids, sinceMs: this.#sinceMs, signal: this.#over.signal });
    return bytes > diskBytes ? beyond('disk', diskBytes, keys) : null;
  }
}

/** Half a sentence: what used it stands before. */
export function beyond(what: 'memory' | 'disk', limitBytes: number, keys: LimitKeys | undefined): string {
  const key = keys?.[what] ?? `limits.${what}`;
  return `used more than ${formatBytes(limitBytes)} of ${what === 'disk' ? 'the disk' : what}, its limit (${key})`;
}

/** False when it was ended instead. */
async function passed(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(Math.min(ms, PAUSE_MAX_MS), undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
