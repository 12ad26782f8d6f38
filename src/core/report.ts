import type { FailureOwner } from './attempt.ts';
import { inertLine } from './inert.ts';
import type { Act, Ledger, Mishap } from './ledger.ts';
import type { Need } from './need.ts';
import { spreadOf } from './spread.ts';
import type { Spread } from './spread.ts';

/** A range of events: those with greater numbers than `sinceSeq`, up to `untilSeq`. */
export interface Range {
  readonly sinceSeq: number;
  readonly untilSeq: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface LandedLine {
  readonly id: string;
  readonly title: string;
  readonly commit: string;
  readonly attempts: number;
  /** From its entry into the backlog; null where that is not known. */
  readonly leadMs: number | null;
  readonly atMs: number;
}

export interface ParkedLine {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly atMs: number;
}

export interface FailureLine {
  readonly owner: FailureOwner;
  readonly count: number;
  readonly kinds: Readonly<Record<string, number>>;
}

/** What happened, and what it asked of people. */
export interface Report {
  readonly range: Range;
  readonly landed: readonly LandedLine[];
  readonly parked: readonly ParkedLine[];
  /** Now, whatever the range. */
  readonly waiting: readonly Need[];
  /** Most of them first. Those of `human` are in `attention`. */
  readonly failures: readonly FailureLine[];
  readonly attention: {
    /** How often the yard needed a person. */
    readonly asked: Ledger['asked'];
    /** What people did. */
    readonly acts: Readonly<Partial<Record<Act, number>>>;
    /** How long each question and approval waited within the range, also those that wait still. */
    readonly waited: Spread;
  };
  readonly machine: {
    readonly lostAttempts: number;
    /** Ended by a person. */
    readonly interruptedAttempts: number;
    /** Of attempts that came to nothing for no fault of their own. */
    readonly lostMs: number;
    readonly mishaps: Readonly<Partial<Record<Mishap, number>>>;
  };
  readonly attempts: { readonly started: number; readonly ended: number };
}

/** What a report needs besides the events. */
export interface Surroundings {
  readonly headlines: ReadonlyMap<string, { readonly title: string; readonly createdMs: number }>;
  readonly waiting: readonly Need[];
}

const TITLE_MAX = 200;
const WHY_MAX = 400;

/** The owners in the order of the report. */
const OWNERS: readonly FailureOwner[] = [
  'product',
  'conflict',
  'infrastructure',
  'provider',
  'integrity',
  'policy',
  'human',
];

export function makeReport(ledger: Ledger, range: Range, { headlines, waiting }: Surroundings): Report {
  const titleOf = (id: string): string => inertLine(headlines.get(id)?.title ?? '', TITLE_MAX);
  return {
    range,
    landed: ledger.landed.map(({ taskId, attempts, commit, atMs }) => ({
      id: taskId,
      title: titleOf(taskId),
      commit,
      attempts,
      leadMs: leadMs(headlines.get(taskId)?.createdMs, atMs),
      atMs,
    })),
    parked: [...ledger.parked.values()].map(({ taskId, why, atMs }) => {
      return { id: taskId, title: titleOf(taskId), why: inertLine(why, WHY_MAX), atMs };
    }),
    waiting,
    failures: failuresOf(ledger).filter(({ owner }) => owner !== 'human'),
    attention: {
      asked: ledger.asked,
      acts: Object.fromEntries(ledger.acts),
      waited: spreadOf([...ledger.waitedMs, ...ledger.openWaits(blockedIn(waiting), range.untilMs)]),
    },
    machine: {
      lostAttempts: ledger.attempts.lost,
      interruptedAttempts: ledger.attempts.interrupted,
      lostMs: ledger.machineMs,
      mishaps: Object.fromEntries(ledger.mishaps),
    },
    attempts: { started: ledger.attempts.started, ended: ledger.attempts.ended },
  };
}

/** Failures by whom they belong to, those of which there are most first. */
export function failuresOf(ledger: Ledger): FailureLine[] {
  const lines = OWNERS.flatMap((owner): FailureLine[] => {
    const kinds = ledger.failures.get(owner);
    if (kinds === undefined) return [];
    const count = kinds.values().reduce((sum, each) => sum + each, 0);
    return [{ owner, count, kinds: Object.fromEntries(kinds) }];
  });
  return lines.toSorted((a, b) => b.count - a.count);
}

function leadMs(createdMs: number | undefined, landedMs: number): number | null {
  return createdMs === undefined ? null : Math.max(0, landedMs - createdMs);
}

function blockedIn(waiting: readonly Need[]): { id: string; sinceMs: number }[] {
  return waiting.flatMap(({ kind, taskId, sinceMs }) =>
    taskId === null || kind === 'parked' ? [] : [{ id: taskId, sinceMs: sinceMs ?? 0 }],
  );
}
