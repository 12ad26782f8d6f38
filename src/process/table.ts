// The process table, as the kernel tells it.
//
// T1. A row is one reading of one process; a table is not one instant: a process that is born and reparented while the
//     table is read can be missing from it. `moved` says that this was possible.
// T2. A process whose main thread has ended but that still runs other threads shows as a zombie; it is alive.

import { readFileSync, readdirSync } from 'node:fs';
import { errnoOf } from './errno.ts';
import type { Mark, ProcessRow } from './process-row.ts';
import { readDarwinMarked, readDarwinNames, readDarwinRow, readDarwinRows } from './table-darwin.ts';

/** The environment variable by which every process of an attempt can be found. */
export const MARKER_VARIABLE = 'YARD_MARKER';

export interface ProcessTable {
  readonly rows: ReadonlyMap<number, ProcessRow>;
  /** A process ended while the table was read: a child of it may have been missed. */
  readonly moved: boolean;
}

const isDarwin = process.platform === 'darwin';

/** PF_KTHREAD: the kernel's own threads have no environment and take no signals. */
const KERNEL_THREAD_FLAG = 0x00200000;
/** PF_EXITING. */
const EXITING_FLAG = 0x00000004;

/** One process, or null when there is none of that pid. A zombie has a row. */
export function readRow(pid: number): ProcessRow | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  if (isDarwin) return readDarwinRow(pid);
  const stat = readProc(`/proc/${pid}/stat`);
  return stat === null ? null : parseStat(pid, stat);
}

/** Every process that this one may see, the kernel's own threads left out. */
export function readTable(): ProcessTable {
  const rows = new Map<number, ProcessRow>();
  if (isDarwin) {
    for (const row of readDarwinRows()) rows.set(row.pid, row);
    return { rows, moved: false };
  }
  let moved = false;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = readProc(`/proc/${pid}/stat`);
    if (stat === null) {
      moved = true;
      continue;
    }
    const row = parseStat(pid, stat);
    if (row !== null && !isKernelThread(stat)) rows.set(pid, row);
  }
  return { rows, moved };
}

/** The marker that each of these processes was started with. */
export function readMarks(pids: readonly number[]): Map<number, Mark> {
  if (isDarwin) return readDarwinMarked(pids, MARKER_VARIABLE);
  return new Map(pids.map((pid) => [pid, readMark(pid)]));
}

/** The name of the program that each of these runs; on Linux the first 15 characters of it. */
export function readNames(pids: readonly number[]): Map<number, string> {
  if (isDarwin) return readDarwinNames();
  const names = new Map<number, string>();
  for (const pid of pids) {
    const name = readProc(`/proc/${pid}/comm`);
    if (name !== null) names.set(pid, name.replace(/\n$/, ''));
  }
  return names;
}

function readMark(pid: number): Mark {
  const environment = readProc(`/proc/${pid}/environ`) || readThreadEnvironment(pid);
  if (environment === '') return { kind: 'unknown' };
  const prefix = `${MARKER_VARIABLE}=`;
  const entry = environment.split('\0').find((candidate) => candidate.startsWith(prefix));
  return entry === undefined ? { kind: 'unmarked' } : { kind: 'marked', marker: entry.slice(prefix.length) };
}

/** Of a process whose main thread has ended (T2), the environment is told by the other threads only. */
function readThreadEnvironment(pid: number): string {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null || threadsOf(stat) <= 1) return '';
  return (
    readdirOrEmpty(`/proc/${pid}/task`)
      .map((thread) => readProc(`/proc/${pid}/task/${thread}/environ`) ?? '')
      .find((environment) => environment !== '') ?? ''
  );
}

/** The name in a stat line is the program's own choice: parentheses, spaces, newlines. Only what follows the last `)` counts. */
export function parseStat(pid: number, stat: string): ProcessRow | null {
  const fields = fieldsOf(stat);
  const [state, parentPid, groupId, sessionId] = fields;
  const startTime = fields[19];
  if (state === undefined || startTime === undefined) return null;
  return {
    pid,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    sessionId: Number(sessionId),
    startTime,
    alive: (state !== 'Z' && state !== 'X') || threadsOf(stat) > 1,
    ...((flagsOf(stat) & EXITING_FLAG) === 0 ? {} : { exiting: true }),
  };
}

/** Fields 3 and up of proc_pid_stat(5). */
function fieldsOf(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function isKernelThread(stat: string): boolean {
  return (flagsOf(stat) & KERNEL_THREAD_FLAG) !== 0;
}

function flagsOf(stat: string): number {
  return Number(fieldsOf(stat)[6]);
}

function threadsOf(stat: string): number {
  return Number(fieldsOf(stat)[17]);
}

function readdirOrEmpty(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** Ended since it was listed, or somebody else's and hidden from us: either way not ours to judge. */
function isGone(error: unknown): boolean {
  const code = errnoOf(error);
  return code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM';
}
