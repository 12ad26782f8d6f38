import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { isDefective } from '../process/failpoint.ts';
import { mkdirSync, rmdirSync, writeFileSync } from '../process/file-system.ts';
import { ownName } from '../process/own-name.ts';
import { runProcess } from '../process/run.ts';
import { entriesOf, isLeftOver } from '../process/temporary.ts';
import { attempt, findCgroupPlaces, read } from './cgroup-places.ts';
import type { CgroupPlace, Controller } from './cgroup-places.ts';

/*
 * A cgroup for each cell, where one may be made. Invariants:
 * 1. The first program of a cell is in it before it can start another: a shell enters, and becomes that program.
 * 2. Its name tells who made it; what a dead process left is removed by the next that makes one, once it is empty.
 * 3. That there is none, or none that bounds something, is no failure: what it does not bound is measured.
 */

export interface CgroupLimits {
  readonly memoryBytes: number;
  readonly processes: number;
  /** Whether something else ends all that is in it: then a hierarchy that bounds nothing is not worth its price. */
  readonly endsItself?: boolean;
}

/** The cgroup of one cell: a directory in each hierarchy that gives something. */
export interface CellGroup {
  readonly bounds: Readonly<Record<Controller, boolean>>;
  /** The words that start a program inside. */
  readonly entering: readonly string[];
  /** The kernel ended a process of it because all together were at their limit. */
  ranOutOfMemory(): boolean;
  /** Kills all that is in it, with no way out by forking (where the kernel can), and removes it. */
  end(): Promise<void>;
}

const PREFIX = 'yardmaster-';
/** What is charged at once does not fit before the limit is reached to the byte. */
const NEAR_LIMIT = 0.9;
const REMOVAL_TRIES = 60;
const REMOVAL_PAUSE_MAX_MS = 50;
const PROBE_TIMEOUT_MS = 10_000;

/** What `entering` runs: the shell itself (0) goes into every file before the `--`, then it becomes the rest. */
const ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"';
/** Prints the files that do not take it. */
const PROBE = 'for file; do { echo 0 > "$file"; } 2> /dev/null || echo "$file"; done';

let places: Promise<readonly CgroupPlace[]> | null = null;

/** Null: none can be made. */
export async function makeCellGroup(limits: CgroupLimits): Promise<CellGroup | null> {
  const all = await (places ??= findUsablePlaces());
  const usable = all.filter(({ controllers }) => controllers.length > 0 || limits.endsItself !== true);
  for (const { parent } of usable) sweep(parent);
  const name = ownName(PREFIX);
  const made = usable.filter(({ parent }) => attempt(() => mkdirSync(join(parent, name))));
  if (made.length === 0) return null;
  const bounds = { memory: false, pids: false };
  for (const place of made) {
    const directory = join(place.parent, name);
    for (const controller of place.controllers) {
      bounds[controller] ||= controller === 'pids' ? boundPids(directory, limits) : boundMemory(directory, limits);
    }
  }
  const directories = made.map(({ parent }) => join(parent, name));
  const doors = made.map((place) => doorOf(place, name));
  return {
    bounds,
    entering: ['/bin/sh', '-c', ENTER, 'sh', ...doors, '--'],
    ranOutOfMemory: () => directories.some(hasRunOut),
    end: async () => {
      for (const directory of directories) attempt(() => kill(directory));
      for (const directory of directories) await remove(directory);
    },
  };
}

/** That a directory can be made does not say that a process may go there: one is sent. */
async function findUsablePlaces(): Promise<readonly CgroupPlace[]> {
  const found = findCgroupPlaces();
  const name = ownName(PREFIX);
  const made = found.filter(({ parent }) => attempt(() => mkdirSync(join(parent, name))));
  if (made.length === 0) return [];
  const files = made.map((place) => doorOf(place, name));
  const options = { cwd: '/', env: {}, session: false, timeoutMs: PROBE_TIMEOUT_MS };
  const result = await runProcess('/bin/sh', ['-c', PROBE, 'sh', ...files], options);
  const closed = result.stdout.toString('utf8').split('\n');
  for (const { parent } of made) await remove(join(parent, name));
  if (result.kind !== 'exited' || result.code !== 0) return [];
  return made.filter((place) => !closed.includes(doorOf(place, name)));
}

/**
 * What is written to enter. A single thread that moves itself (`tasks`, only in version 1) waits for nobody; a process
 * waits until no processor is in the middle of a fork or an exit, which takes some 10 ms.
 */
function doorOf({ parent, version }: CgroupPlace, name: string): string {
  return join(parent, name, version === 1 ? 'tasks' : 'cgroup.procs');
}

function procsOf(directory: string): string {
  return join(directory, 'cgroup.procs');
}

function boundPids(directory: string, { processes }: CgroupLimits): boolean {
  return attempt(() => writeFileSync(join(directory, 'pids.max'), String(processes)));
}

function boundMemory(directory: string, { memoryBytes }: CgroupLimits): boolean {
  const put = (file: string, value: number): boolean =>
    read(join(directory, file)) !== null && attempt(() => writeFileSync(join(directory, file), String(value)));
  if (put('memory.max', memoryBytes)) {
    put('memory.swap.max', 0);
    // All of it or nothing: half a cell would go on as if nothing were.
    put('memory.oom.group', 1);
    return true;
  }
  if (!put('memory.limit_in_bytes', memoryBytes)) return false;
  put('memory.memsw.limit_in_bytes', memoryBytes);
  return true;
}

/** Out of memory by its own limit: a machine that is short of it kills here, too, and then the limit was not reached. */
function hasRunOut(directory: string): boolean {
  const two = read(join(directory, 'memory.events'));
  if (two !== null) return countOf(two, 'oom_kill') > 0 && countOf(two, 'oom') > 0;
  const one = read(join(directory, 'memory.oom_control'));
  if (one === null || countOf(one, 'oom_kill') === 0) return false;
  // The counter of failures does not count those of memory and swap together.
  const [peak, limit] = ['memory.max_usage_in_bytes', 'memory.limit_in_bytes'].map((file) =>
    read(join(directory, file)),
  );
  return Number(peak) >= Number(limit) * NEAR_LIMIT;
}

function countOf(text: string, name: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

function kill(directory: string): void {
  if (isDefective('processes-not-ended')) return;
  const file = join(directory, 'cgroup.kill');
  if (read(procsOf(directory)) !== '') writeFileSync(file, '1', { flag: 'r+' });
}

/** What was killed may still be on its way out; what stays is swept later. */
async function remove(directory: string): Promise<void> {
  for (let count = 0; count < REMOVAL_TRIES; count += 1) {
    if (attempt(() => rmdirSync(directory)) || read(procsOf(directory)) === null) return;
    await delay(Math.min(2 ** count, REMOVAL_PAUSE_MAX_MS));
  }
}

function sweep(parent: string): void {
  let names: string[] = [];
  attempt(() => (names = entriesOf(parent)));
  for (const name of names) {
    if (name.startsWith(PREFIX) && isLeftOver(name)) attempt(() => rmdirSync(join(parent, name)));
  }
}
