import { OUTCOME_OWNER } from './attempt.ts';
import type { FailureOwner, OutcomeKind } from './attempt.ts';
import { outcomeOf, textOf, valueOf } from './event-data.ts';
import { isMachine } from './need.ts';
import type { YardEvent } from './yard-event.ts';

/*
 * What happened in a range of events, added up in one pass. Invariants:
 * 1. What began before the range counts from its beginning: an answer to an older question is an answer, and its wait is
 *    the part of it that lies in the range.
 * 2. It keeps an entry for each landing, and for each task or attempt that is under way; all else is numbers.
 */

export interface Landing {
  readonly taskId: string;
  /** The number of the attempt that landed: so many there were. */
  readonly attempts: number;
  readonly commit: string;
  readonly atMs: number;
}

export interface Parking {
  readonly taskId: string;
  readonly why: string;
  readonly atMs: number;
}

/** What a person did. */
const ACTS = {
  'task.answered': 'answers',
  'task.approved': 'approvals',
  'task.refused': 'refusals',
  'task.unparked': 'retries',
  'task.cancelled': 'cancellations',
  'task.superseded': 'replacements',
  'task.parked': 'parks',
  'task.woken': 'wakes',
  'yard.paused': 'pauses',
  'yard.unpaused': 'unpauses',
  'yard.resumed': 'resumes',
  'breaker.reset': 'breakerResets',
} as const satisfies Readonly<Record<string, string>>;
export type Act = (typeof ACTS)[keyof typeof ACTS] | 'stops';

/** What the machine did to the work, besides failures of attempts. */
const MISHAPS = {
  'worker.spawn-failed': 'unstarted',
  'train.infrastructure': 'trainFailures',
  'train.base-red': 'redTargets',
  'train.flake': 'flakyGates',
  'attempt.survivors': 'survivors',
  'train.survivors': 'survivors',
  'depot.damaged': 'damage',
  'yard.mended': 'mended',
} as const satisfies Readonly<Record<string, string>>;
export type Mishap = (typeof MISHAPS)[keyof typeof MISHAPS];

/** Where a task can go to `blocked` or `parked` from, or come back. */
const TASK_TYPES = [
  'leased',
  'landed',
  'review-merged',
  'review-closed',
  'product-failure',
  'infrastructure-failure',
  'integrity-failure',
  'lease-lost',
  'no-progress',
  'person-needed',
  'unapproved',
  'conflicted',
  'blamed',
  'answered',
  'approved',
  'refused',
  'parked',
  'unparked',
  'cancelled',
  'superseded',
].map((kind) => `task.${kind}`);

/** All that a ledger looks at, but for phases. */
export const LEDGER_TYPES: readonly string[] = [
  ...new Set([...TASK_TYPES, ...Object.keys(ACTS), ...Object.keys(MISHAPS), 'yard.stopped', 'attempt.finished']),
];
/** Most of all events; only the times at gates need them. */
export const PHASE_TYPE = 'attempt.phase';

export class Ledger {
  readonly landed: Landing[] = [];
  /** Those that were parked in the range, and not put back in it. */
  readonly parked = new Map<string, Parking>();
  readonly acts = new Map<Act, number>();
  readonly mishaps = new Map<Mishap, number>();
  /** Failed attempts, and tasks that the train sent back. */
  readonly failures = new Map<FailureOwner, Map<string, number>>();
  readonly asked = { questions: 0, approvals: 0, parked: 0, stops: 0 };
  readonly attempts = { started: 0, ended: 0, accepted: 0, lost: 0, interrupted: 0 };
  /** Of attempts that came to nothing for no fault of their own. */
  machineMs = 0;
  readonly gateMs: number[] = [];
  /** Of each question and approval that was settled in the range. */
  readonly waitedMs: number[] = [];
  readonly #fromMs: number;
  readonly #blocked = new Map<string, number>();
  readonly #started = new Map<string, number>();
  readonly #atGate = new Map<string, number>();

  /** @param fromMs when the range begins, by the wall clock. */
  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }

  add(event: YardEvent): void {
    const { type } = event;
    if (type === PHASE_TYPE) return this.#phase(event);
    if (type === 'attempt.finished') return this.#finished(event);
    const mishap = MISHAPS[type as keyof typeof MISHAPS] as Mishap | undefined;
    if (mishap !== undefined) return increase(this.mishaps, mishap);
    const act = ACTS[type as keyof typeof ACTS] as Act | undefined;
    if (act !== undefined) increase(this.acts, act);
    if (type.startsWith('task.')) this.#task(event);
    if (type === 'yard.stopped') this.#stopped(event);
  }

  /** Waits that are still open at the end of the range: of these tasks, as far as the range saw them begin. */
  openWaits(blockedNow: readonly { readonly id: string; readonly sinceMs: number }[], untilMs: number): number[] {
    return blockedNow.flatMap(({ id, sinceMs }) => {
      const began = this.#blocked.get(id) ?? Math.max(sinceMs, this.#fromMs);
      return began > untilMs ? [] : [untilMs - began];
    });
  }

  #task(event: YardEvent): void {
    const { type, data, atMs } = event;
    const taskId = event.taskId ?? '';
    const [from, to] = [textOf(data, 'from'), textOf(data, 'to')];
    if (from === 'blocked') this.#settled(taskId, atMs);
    if (from === 'parked') this.parked.delete(taskId);
    if (to === 'blocked') this.#asked(event);
    if (to === 'parked' && from !== 'parked') {
      this.parked.set(taskId, { taskId, why: textOf(data, 'why'), atMs });
      if (type !== 'task.refused' && type !== 'task.parked') this.asked.parked += 1;
    }
    if (to === 'landed') {
      this.landed.push({ taskId, attempts: event.attempt ?? 1, commit: textOf(data, 'commit'), atMs });
    }
    if (type === 'task.leased') {
      this.attempts.started += 1;
      this.#started.set(keyOf(event), atMs);
    }
    if (type === 'task.blamed') this.#failed('product', 'blamed');
    if (type === 'task.conflicted') this.#failed('conflict', 'conflicted');
  }

  #stopped({ data }: YardEvent): void {
    if (isMachine(textOf(data, 'by'))) this.asked.stops += 1;
    else increase(this.acts, 'stops');
  }

  #asked({ taskId, data, atMs }: YardEvent): void {
    const on = valueOf(data, 'on');
    if (on !== undefined && textOf(on, 'kind') === 'approval') this.asked.approvals += 1;
    else this.asked.questions += 1;
    this.#blocked.set(taskId ?? '', atMs);
  }

  #settled(taskId: string, atMs: number): void {
    this.waitedMs.push(Math.max(0, atMs - (this.#blocked.get(taskId) ?? this.#fromMs)));
    this.#blocked.delete(taskId);
  }

  #phase(event: YardEvent): void {
    const key = keyOf(event);
    if (textOf(event.data, 'phase') === 'gating') this.#atGate.set(key, event.atMs);
    else this.#leftGate(key, event.atMs);
  }

  #leftGate(key: string, atMs: number): void {
    const began = this.#atGate.get(key);
    if (began === undefined) return;
    this.gateMs.push(Math.max(0, atMs - began));
    this.#atGate.delete(key);
  }

  #finished(event: YardEvent): void {
    const outcome = outcomeOf(event);
    if (outcome === null) return;
    const key = keyOf(event);
    const spentMs = Math.max(0, event.atMs - (this.#started.get(key) ?? this.#fromMs));
    this.#started.delete(key);
    this.#leftGate(key, event.atMs);
    this.attempts.ended += 1;
    const { kind } = outcome;
    if (kind === 'accepted') this.attempts.accepted += 1;
    if (kind === 'lost') this.attempts.lost += 1;
    if (kind === 'cancelled') this.attempts.interrupted += 1;
    const owner = OUTCOME_OWNER[kind] as FailureOwner | null | undefined;
    if (kind === 'lost' || owner === 'infrastructure' || owner === 'provider') this.machineMs += spentMs;
    if (owner !== null && owner !== undefined) this.#failed(owner, kind);
  }

  #failed(owner: FailureOwner, what: OutcomeKind | 'blamed' | 'conflicted'): void {
    const kinds = this.failures.get(owner) ?? new Map<string, number>();
    increase(kinds, what);
    this.failures.set(owner, kinds);
  }
}

function keyOf({ taskId, attempt }: YardEvent): string {
  return `${taskId ?? ''}/${attempt ?? 0}`;
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
