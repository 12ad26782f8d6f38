// Who belongs to a tree of processes, found again at every scan.
//
// M1. A member is: the leader, when its identity matches; whatever is in a proved session; whatever carries the marker;
//     every child of a member. What was a member once stays one until it ends, wherever it is reparented to.
// M2. A session is proved when its own leader is a member. The kernel does not give out its number again while a
//     process is in it, so the proof holds until a scan finds the session empty.
// M3. When the leader is gone, a process in the session named after it is a member if it is not older than the leader
//     and is not marked as somebody else's. When the leader's pid has been taken again, its session had ended before.
// M4. This process, its ancestors and pid 1 are never members.

import type { ProcessIdentity } from '../core/process-identity.ts';
import { currentBootId } from './identity.ts';
import type { ProcessRow } from './process-row.ts';
import { readMarks, readTable } from './table.ts';

export interface Scan {
  /** The members that run, zombies left out. */
  readonly members: ReadonlyMap<number, ProcessRow>;
  /** The whole table that they were found in. */
  readonly rows: ReadonlyMap<number, ProcessRow>;
  /** Somebody who is just ending, and no longer tells whose he was, may have children that are members. */
  readonly isSettling: boolean;
}

/** The members of one tree. */
export class Members {
  readonly #leader: ProcessIdentity | null;
  readonly #marker: string | null;
  readonly #startTimesSeen = new Map<number, string>();
  readonly #provedSessions = new Set<number>();

  constructor(leader: ProcessIdentity | null, marker: string | null) {
    this.#leader = leader;
    this.#marker = marker;
  }

  /** Looks again. An empty answer is certain: when the table moved under the look, it is looked at twice. */
  scan(): Scan {
    const first = this.#scanOnce();
    return first.scan.members.size > 0 || first.certain ? first.scan : this.#scanOnce().scan;
  }

  #scanOnce(): { scan: Scan; certain: boolean } {
    const table = readTable();
    const { rows } = table;
    // Nothing of another boot runs; its pids and markers now belong to nobody or to strangers.
    if (this.#leader !== null && this.#leader.bootId !== currentBootId()) {
      return { scan: { members: new Map(), rows, isSettling: false }, certain: true };
    }
    this.#forget(rows);
    const untouchable = untouchablePids(rows);
    const others = new Map([...rows].filter(([pid]) => !untouchable.has(pid)));
    const found = new Map<number, ProcessRow>();
    for (const row of others.values()) if (this.#isRoot(row)) this.#admit(row, found, others);
    this.#spread(found, others);
    const { certain, isSettling } = this.#admitByMark(found, others, rows);
    this.#spread(found, others);
    for (const row of found.values()) this.#startTimesSeen.set(row.pid, row.startTime);
    const members = new Map([...found].filter(([, row]) => row.alive));
    return { scan: { members, rows, isSettling }, certain: certain && !table.moved && members.size === found.size };
  }

  /** M1, M2: what ended is no proof of anything any more. */
  #forget(rows: ReadonlyMap<number, ProcessRow>): void {
    for (const [pid, startTime] of this.#startTimesSeen) {
      if (rows.get(pid)?.startTime !== startTime) this.#startTimesSeen.delete(pid);
    }
    const inUse = new Set([...rows.values()].map((row) => row.sessionId));
    for (const session of this.#provedSessions) if (!inUse.has(session)) this.#provedSessions.delete(session);
  }

  #isRoot(row: ProcessRow): boolean {
    if (this.#provedSessions.has(row.sessionId)) return true;
    if (this.#startTimesSeen.get(row.pid) === row.startTime) return true;
    return this.#leader !== null && row.pid === this.#leader.pid && row.startTime === this.#leader.startTime;
  }

  /** Takes a row and all that follows from it out of `others`. */
  #admit(row: ProcessRow, found: Map<number, ProcessRow>, others: Map<number, ProcessRow>): void {
    found.set(row.pid, row);
    others.delete(row.pid);
    if (row.pid === row.sessionId) this.#provedSessions.add(row.sessionId);
  }

  /** Adds children of members and the rest of proved sessions until there is nothing to add. */
  #spread(found: Map<number, ProcessRow>, others: Map<number, ProcessRow>): void {
    for (let sizeBefore = -1; sizeBefore !== found.size;) {
      sizeBefore = found.size;
      for (const row of others.values()) {
        if (found.has(row.parentPid) || this.#provedSessions.has(row.sessionId)) this.#admit(row, found, others);
      }
    }
  }

  /** Admits by marker, and by M3. Not certain when a process would not show its environment: it may be in an exec. */
  #admitByMark(
    found: Map<number, ProcessRow>,
    others: Map<number, ProcessRow>,
    rows: ReadonlyMap<number, ProcessRow>,
  ): { certain: boolean; isSettling: boolean } {
    const leader = this.#leader;
    const orphanedSession = leader !== null && !rows.has(leader.pid) ? leader.pid : null;
    const suspects = [...others.values()].filter(
      (row) =>
        row.alive &&
        (leader === null || Number(row.startTime) >= Number(leader.startTime)) &&
        (this.#marker !== null || row.sessionId === orphanedSession),
    );
    let certain = true;
    let isSettling = false;
    for (const [pid, mark] of readMarks(suspects.map((row) => row.pid))) {
      const row = others.get(pid);
      if (row === undefined) continue;
      if (mark.kind === 'unknown') certain = false;
      isSettling ||= mark.kind === 'unknown' && row.exiting === true;
      const isMarked = mark.kind === 'marked' && mark.marker === this.#marker;
      const isOrphan = row.sessionId === orphanedSession && mark.kind !== 'marked';
      if (isMarked || isOrphan) this.#admit(row, found, others);
    }
    return { certain, isSettling };
  }
}

/** M4. */
function untouchablePids(rows: ReadonlyMap<number, ProcessRow>): Set<number> {
  const pids = new Set([1]);
  for (let pid: number | undefined = process.pid; pid !== undefined && !pids.has(pid); pid = rows.get(pid)?.parentPid) {
    pids.add(pid);
  }
  return pids;
}
