import type { Clock } from '../../core/clock.ts';
import { Frontier } from '../../core/frontier.ts';
import { plan, turns } from '../../core/plan.ts';
import type { Command } from '../../core/plan.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { StoreView } from '../../store/store.ts';
import type { Reading } from '../context.ts';
import { schedulerPid } from './scheduler.ts';
import { snapshotOf } from './seen-snapshot.ts';
import { lookAtUnimported } from './unimported.ts';

/** A ready task that the next cycle does not start, and all that holds it back at its turn. */
export interface Refused {
  readonly id: string;
  readonly title: string;
  readonly waiting: readonly Waiting[];
}

/** What the next cycle would do, as it looks from here. */
export interface NextView {
  readonly scheduler: { readonly pid: number } | null;
  /** Task files that it would import; what would become of them is not looked at. */
  readonly unimported: number;
  readonly commands: readonly Command[];
  /** Null where it was not asked for. */
  readonly refused: readonly Refused[] | null;
}

/** So many ready tasks are enough for nearly every cycle. */
const FIRST = 256;

/** Null before the first run. */
export async function makeNext(
  reading: Reading,
  clock: Clock,
  { explain }: { readonly explain: boolean },
): Promise<NextView | null> {
  const { reader } = reading;
  const part = await reader.overview({ ready: explain ? 0 : FIRST, finished: 0 });
  const first = await snapshotFrom(reading, part.view, clock);
  const nowMs = clock.nowMs();
  if (first === null) return null;
  const isEnough = !explain && isDecided(first, nowMs);
  const snapshot = isEnough ? first : await snapshotFrom(reading, await reader.view(), clock);
  if (snapshot === null) return null;
  const pid = schedulerPid(part.view.leases, clock);
  const { joining } = await lookAtUnimported(reading, part.importedMs);
  return {
    scheduler: pid === null ? null : { pid },
    unimported: joining,
    commands: plan(snapshot, nowMs),
    refused: explain ? refusedOf(snapshot, nowMs) : null,
  };
}

async function snapshotFrom(reading: Reading, view: StoreView, clock: Clock): Promise<Snapshot | null> {
  const snapshot = await snapshotOf(reading, view, clock);
  // Without a scheduler the next cycle is the first of a new one.
  return snapshot === null ? null : { ...snapshot, isFirstLook: schedulerPid(view.leases, clock) === null };
}

/**
 * Whether the first ready tasks decide alone over what starts. What else is ready in this part of the snapshot (others
 * wait for it) has its turn after them, and perhaps after tasks that are not in it.
 */
export function isDecided(snapshot: Snapshot, nowMs: number, first = FIRST): boolean {
  const frontier = new Frontier(snapshot, nowMs);
  if (frontier.full) return true;
  let count = 0;
  for (const _ of turns(snapshot, frontier)) {
    if (frontier.full) return true;
    count += 1;
    if (count >= first) return false;
  }
  return true;
}

/** Of all ready tasks that do not start: what holds them back when it is their turn, what starts before them counted. */
export function refusedOf(snapshot: Snapshot, nowMs: number): Refused[] {
  const frontier = new Frontier(snapshot, nowMs);
  const refused: Refused[] = [];
  for (const { task, refusal } of turns(snapshot, frontier)) {
    if (refusal !== null) refused.push({ id: task.id, title: task.title, waiting: [...frontier.refusals(task)] });
  }
  return refused;
}
