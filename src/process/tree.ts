// Killing a tree of processes, with proof.
//
// K1. A signal goes only to a process whose identity, read immediately before, is that of the scan; a signal to a group
//     only when every process of the group is a member and one of them was verified so.
// K2. "No survivors" is said only after a scan that found none.

import { CELL_HOLDER } from './cell-holder.ts';
import { failpoint, isDefective } from './failpoint.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { systemClock } from './clock.ts';
import { errnoOf } from './errno.ts';
import { currentBootId } from './identity.ts';
import { Members, type Scan } from './members.ts';
import type { ProcessRow } from './process-row.ts';
import { readMarks, readNames, readRow, readTable } from './table.ts';

export interface KillTarget {
  /** Null: the tree is known by its marker alone. */
  readonly leader: ProcessIdentity | null;
  /** The value of `YARD_MARKER` in the environment of the tree's processes. */
  readonly marker: string | null;
  /** Time between `termSignal` and SIGKILL; 0 kills at once. */
  readonly graceMs: number;
  /** SIGTERM unless said. */
  readonly termSignal?: NodeJS.Signals | undefined;
}

export interface KillReport {
  /**
   * Pids that still run: another user's, or stuck in the kernel; 0 for what runs elsewhere (a container) and has none
   * that could be told. Whatever they touch must not be reused.
   */
  readonly survivors: readonly number[];
}

const KILL_PATIENCE_MS = 5_000;
const SETTLE_MS = 1_000;
const POLL_FIRST_MS = 1;
const POLL_MAX_MS = 50;

/**
 * Ends the leader, its session, its descendants and everything that carries the marker, and says what is left.
 * Never signals this process, its ancestors, pid 1, or a process whose identity does not match.
 */
export async function killTree(target: KillTarget): Promise<KillReport> {
  failpoint('process.kill:before');
  if (isDefective('processes-not-ended')) return { survivors: [] };
  const tree = new Members(target.leader, target.marker);
  let scan = await settle(tree);
  if (scan.members.size > 0 && target.graceMs > 0) {
    scan = await ask(tree, scan, target.termSignal ?? 'SIGTERM', target.graceMs);
  }
  while (scan.members.size > 0) {
    signalMembers(scan, 'SIGKILL');
    scan = await poll(tree, KILL_PATIENCE_MS, (left) => signalMembers(left, 'SIGKILL'));
    if (scan.members.size > 0) break;
    scan = await settle(tree);
  }
  failpoint('process.kill:after');
  return { survivors: [...scan.members.keys()] };
}

/** The first process of a cell that dies takes the others with it, and is the last to go: that is waited for. */
async function settle(tree: Members): Promise<Scan> {
  const deadlineMs = systemClock.monotonicMs() + SETTLE_MS;
  for (;;) {
    const scan = tree.scan();
    if (scan.members.size > 0 || !scan.isSettling || systemClock.monotonicMs() > deadlineMs) return scan;
    await delay(POLL_FIRST_MS);
  }
}

/**
 * What is started in answer to the signal belongs to its parent's tidying up, and is not disturbed; it is asked to end
 * as well once its parent is gone.
 */
async function ask(tree: Members, scan: Scan, signal: NodeJS.Signals, graceMs: number): Promise<Scan> {
  const nameOf = (row: ProcessRow): string => `${row.pid} ${row.startTime}`;
  const asked = new Set([...scan.members.values()].map(nameOf));
  signalMembers({ ...scan, members: withoutHolders(scan.members) }, signal);
  return poll(tree, graceMs, ({ members }) => {
    for (const row of withoutHolders(members).values()) {
      if (asked.has(nameOf(row)) || members.has(row.parentPid)) continue;
      asked.add(nameOf(row));
      if (isStill(row)) send(row.pid, signal);
    }
  });
}

/** Whoever holds others is not asked to end: it does when they have ended. */
function withoutHolders(members: ReadonlyMap<number, ProcessRow>): Map<number, ProcessRow> {
  const names = readNames([...members.keys()]);
  const parents = new Set([...members.values()].filter(({ alive }) => alive).map(({ parentPid }) => parentPid));
  return new Map([...members].filter(([pid]) => names.get(pid) !== CELL_HOLDER || !parents.has(pid)));
}

/** Every process but this one whose environment holds the marker. */
export function findMarked(marker: string): ProcessIdentity[] {
  const { rows } = readTable();
  const pids = [...rows.values()].filter((row) => row.alive && row.pid !== process.pid).map((row) => row.pid);
  return [...readMarks(pids)]
    .filter(([, mark]) => mark.kind === 'marked' && mark.marker === marker)
    .flatMap(([pid]) => rows.get(pid) ?? [])
    .map(({ pid, startTime }) => ({ bootId: currentBootId(), pid, startTime }));
}

export interface MarkedProcess {
  readonly identity: ProcessIdentity;
  readonly marker: string;
}

/** Every process but this one whose marker begins with this text. */
export function findMarkedBelow(prefix: string): MarkedProcess[] {
  const { rows } = readTable();
  const pids = [...rows.values()].filter((row) => row.alive && row.pid !== process.pid).map((row) => row.pid);
  return [...readMarks(pids)].flatMap(([pid, mark]) => {
    const row = rows.get(pid);
    if (row === undefined || mark.kind !== 'marked' || !mark.marker.startsWith(prefix)) return [];
    const identity = { bootId: currentBootId(), pid, startTime: row.startTime };
    return [{ identity, marker: mark.marker }];
  });
}

/** Scans until no member is left or the time is over. There is no event for the end of a process that is not a child. */
async function poll(tree: Members, patienceMs: number, eachTime: (left: Scan) => void): Promise<Scan> {
  const deadlineMs = systemClock.monotonicMs() + patienceMs;
  for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, POLL_MAX_MS)) {
    const remainingMs = deadlineMs - systemClock.monotonicMs();
    await delay(Math.max(1, Math.min(pauseMs, remainingMs)));
    const scan = tree.scan();
    if (scan.members.size === 0 || remainingMs <= 0) return scan;
    eachTime(scan);
  }
}

/** A whole group at once where that is possible: nothing can fork its way out of a signal to its group. */
function signalMembers(scan: Scan, signal: NodeJS.Signals): void {
  const strangers = new Set<number>();
  for (const row of scan.rows.values()) if (row.alive && !scan.members.has(row.pid)) strangers.add(row.groupId);
  const groups = Map.groupBy(scan.members.values(), (row) => row.groupId);
  for (const [groupId, rows] of groups) {
    const isWhole = groupId > 1 && !strangers.has(groupId);
    const isDone = isWhole && rows.some((row) => isStill(row) && send(-groupId, signal));
    if (!isDone) for (const row of rows) if (isStill(row)) send(row.pid, signal);
  }
}

function isStill(row: ProcessRow): boolean {
  const now = readRow(row.pid);
  return now !== null && now.alive && now.startTime === row.startTime && now.groupId === row.groupId;
}

/** False when the target has just ended or is not ours to signal; the next scan shows which. */
function send(pidOrGroup: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pidOrGroup, signal);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}
