// macOS has no /proc: `ps` tells the same. The session column of its ps is empty on current systems; there the process
// group stands for the session, and descendants and the marker cover the rest.

import { spawnSync } from 'node:child_process';
import type { Mark, ProcessRow } from './process-row.ts';

const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;
const COLUMNS = 'pid=,ppid=,pgid=,sess=,state=,lstart=';

/** Every process. */
export function readDarwinRows(): ProcessRow[] {
  return parseDarwinRows(ps(['-axo', COLUMNS]));
}

/** One process, or null. */
export function readDarwinRow(pid: number): ProcessRow | null {
  return parseDarwinRows(ps(['-o', COLUMNS, '-p', String(pid)]))[0] ?? null;
}

/** The markers of processes; a process whose environment the system hides is `unknown`. */
export function readDarwinMarked(pids: readonly number[], variable: string): Map<number, Mark> {
  const marks = new Map<number, Mark>(pids.map((pid) => [pid, { kind: 'unknown' }]));
  if (pids.length === 0) return marks;
  for (const line of ps(['-axww', '-E', '-o', 'pid=,command=']).split('\n')) {
    const pid = Number.parseInt(line, 10);
    if (!marks.has(pid)) continue;
    const marker = line.split(' ').findLast((word) => word.startsWith(`${variable}=`));
    marks.set(
      pid,
      marker === undefined ? { kind: 'unmarked' } : { kind: 'marked', marker: marker.slice(variable.length + 1) },
    );
  }
  return marks;
}

/** The name of the program of every process. */
export function readDarwinNames(): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of ps(['-axo', 'pid=,comm=']).split('\n')) {
    const [, pid, path] = /^\s*(\d+)\s+(.+)$/u.exec(line) ?? [];
    if (pid !== undefined && path !== undefined) names.set(Number(pid), path.slice(path.lastIndexOf('/') + 1));
  }
  return names;
}

/** Rows of `ps -o pid=,ppid=,pgid=,sess=,state=,lstart=`, its times in UTC. */
export function parseDarwinRows(output: string): ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const line of output.split('\n')) {
    const [pid, parentPid, groupId, session, state, ...started] = line.trim().split(/\s+/u);
    if (pid === undefined || state === undefined || started.length === 0) continue;
    const sessionId = Number(session);
    rows.push({
      pid: Number(pid),
      parentPid: Number(parentPid),
      groupId: Number(groupId),
      sessionId: Number.isInteger(sessionId) && sessionId > 0 ? sessionId : Number(groupId),
      startTime: String(Date.parse(`${started.join(' ')} UTC`) / 1000),
      alive: !state.startsWith('Z'),
    });
  }
  return rows;
}

/** The id of this boot; unlike `kern.boottime` it does not move when the clock is set. */
export function readDarwinBootId(): string {
  return spawnSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', env: {} }).stdout.trim();
}

function ps(args: readonly string[]): string {
  const environment = { LC_ALL: 'C', TZ: 'UTC' };
  return spawnSync('/bin/ps', args, { encoding: 'utf8', env: environment, maxBuffer: OUTPUT_MAX_BYTES }).stdout;
}
