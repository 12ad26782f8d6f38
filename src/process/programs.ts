// Which programs run on this machine: by the names that the kernel has for them.

import { readFileSync, readlinkSync } from 'node:fs';
import { uptime } from 'node:os';

import { systemClock } from './clock.ts';
import { errnoOf, orNull } from './errno.ts';
import type { ProcessRow } from './process-row.ts';
import { readNames, readTable } from './table.ts';

/** The kernel counts in these, for programs, on every architecture. */
const TICK_MS = 10;

export interface RunningProgram {
  readonly pid: number;
  readonly name: string;
  /** Wall-clock time, by the clock as it is set now. */
  readonly startedMs: number;
}

/** Processes that run, zombies left out, whose program's name (of which the kernel keeps 15 characters) `wanted` takes. */
export function runningPrograms(wanted: (name: string) => boolean): RunningProgram[] {
  const { rows } = readTable();
  const names = readNames([...rows.keys()]);
  const found: RunningProgram[] = [];
  for (const row of rows.values()) {
    const name = names.get(row.pid);
    if (row.alive && name !== undefined && wanted(name)) found.push({ pid: row.pid, name, startedMs: startedMs(row) });
  }
  return found;
}

function startedMs({ startTime }: ProcessRow): number {
  if (process.platform === 'darwin') return Number(startTime) * 1000;
  return systemClock.nowMs() - uptimeMs() + Number(startTime) * TICK_MS;
}

/** Of the kernel's own clock of the boot, which the start times are told in; Node's may be cut to whole seconds. */
function uptimeMs(): number {
  try {
    return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return uptime() * 1000;
  }
}

/** What a process was started with, as far as the kernel shows it to us. */
export interface Surroundings {
  readonly cwd: string | null;
  /** Null: it does not show its environment. */
  readonly environment: readonly string[] | null;
}

/** Null where the system tells nothing of the kind (macOS). */
export function surroundingsOf(pid: number): Surroundings | null {
  if (process.platform === 'darwin') return null;
  const environment = orNull(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
  return {
    cwd: orNull(() => readlinkSync(`/proc/${pid}/cwd`)),
    environment: environment === null || environment === '' ? null : environment.split('\0'),
  };
}
