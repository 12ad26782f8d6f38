import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { PrewarmEntry } from '../config/schema.ts';
import { matches, parsePatterns } from '../core/scope.ts';
import { toText } from '../git/byte-path.ts';
import { inDepot, resolve } from '../git/depot.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { listTree } from '../git/tree.ts';
import type { TreeEntry } from '../git/tree.ts';
import { systemClock } from '../process/clock.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import type { Layer, Sandbox } from '../sandbox/sandbox.ts';
import type { GateSetting } from './gate.ts';
import { makePrewarm, readMade } from './make-prewarm.ts';
import type { Made, Making, NotMade } from './make-prewarm.ts';
import { shareOutput } from './share.ts';

/*
 * What is installed once (`npm ci`) and shared with lanes and slots (`make-prewarm.ts`, `share.ts`). Invariant: one
 * process makes a key at a time (a lease); the others wait for it.
 */

export type PrewarmResult =
  | {
      readonly kind: 'ready';
      /** What the cell must have, to see all of it. */
      readonly layers: readonly Layer[];
    }
  | NotMade;

const POLL_MS = 100;

interface Keyed {
  readonly entry: PrewarmEntry;
  readonly key: string;
  /** The files that the key is made of. */
  readonly files: readonly TreeEntry[];
}

/** What decides the result of each entry for this tree: command, lock files, toolchain. */
export async function prewarmKeys(setting: KeySetting, tree: string): Promise<string[]> {
  return (await keyed(setting, tree)).map(({ key }) => key);
}

/** What of the setting the keys hang on. */
type KeySetting = Pick<GateSetting, 'prewarm' | 'prewarmCell' | 'depot'>;

async function keyed(setting: KeySetting, tree: string): Promise<Keyed[]> {
  if (setting.prewarm.length === 0) return [];
  const entries = await listTree(inDepot(setting.depot), tree);
  const { kind, image } = setting.prewarmCell;
  return setting.prewarm.map((entry) => {
    const { run, outputs } = entry;
    const files = keyFiles(entry, entries);
    const machine = { platform: process.platform, arch: process.arch, path: process.env['PATH'] };
    const material = { run, outputs, files, ...machine, ...(kind === 'container' ? { image } : {}) };
    const key = createHash('sha256').update(JSON.stringify(material)).digest('hex').slice(0, 32);
    return { entry, key, files };
  });
}

/** Those of the target; asked for only where something hangs on it. */
async function landedKeys(setting: GateSetting): Promise<readonly string[]> {
  if (setting.prewarm.every(({ secrets }) => secrets.length === 0)) return [];
  const target = await resolve(setting.depot, TARGET_RECORD);
  return target === null ? [] : prewarmKeys(setting, target);
}

/** The files of a tree that decide what an entry makes. */
export function keyFiles({ key }: Pick<PrewarmEntry, 'key'>, entries: readonly TreeEntry[]): TreeEntry[] {
  const patterns = parsePatterns(key);
  return entries.filter(({ path }) => {
    const text = toText(path);
    return patterns.some((pattern) => matches(pattern, text));
  });
}

export interface PrewarmRequest {
  readonly tree: string;
  /** A lane or a slot. Nothing may run in it. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Where the whole log of a command that failed is put, and `….network` beside it; their parts, too. */
  readonly failureLog: string;
  /** That of the cell which is to have it. */
  readonly sandbox: Pick<Sandbox, 'owner' | 'sharing'>;
}

/** Makes what is not there yet for this tree, then puts every output into the directory, or says how it gets there. */
export async function prewarmInto(setting: GateSetting, options: PrewarmRequest): Promise<PrewarmResult> {
  const { tree, directory, signal, sandbox, failureLog } = options;
  const layers: Layer[] = [];
  const landed = await landedKeys(setting);
  for (const { entry, key, files } of await keyed(setting, tree)) {
    const from = join(setting.stateDirectory, 'prewarm', key);
    const isLanded = landed.includes(key);
    const made = await ensure(setting, entry, { key, files, home: from, signal, isLanded, failureLog });
    if (made.kind !== 'made') return made;
    const { frozen } = made;
    const { timeoutMs } = entry;
    for (const output of entry.outputs) {
      const layer = await shareOutput({ from, into: directory, output, frozen, sandbox, timeoutMs });
      if (layer !== null) layers.push(layer);
    }
  }
  return { kind: 'ready', layers };
}

async function ensure(setting: GateSetting, entry: PrewarmEntry, making: Making): Promise<Made | NotMade> {
  for (;;) {
    const made = await readMade(making);
    if (made !== null) return made;
    if (making.signal.aborted) return { kind: 'cancelled' };
    const lease = await setting.store.acquire(
      `prewarm:${making.key}`,
      ownIdentity(),
      systemClock.monotonicMs() + entry.timeoutMs,
      (held) => held.owner === null || !isAlive(held.owner),
    );
    if (lease.kind === 'held') {
      await delay(POLL_MS);
      continue;
    }
    try {
      return (await readMade(making)) ?? (await makePrewarm(setting, entry, making));
    } finally {
      await setting.store.release(lease.fence);
    }
  }
}
