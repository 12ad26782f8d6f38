import { describeSpent, isAllUsed, NO_BUDGET, spentLimit } from './budget.ts';
import { nextDayOf } from './day.ts';
import type { NextDay } from './day.ts';
import { waitText } from './duration-text.ts';
import type { Budget, Spend, SpentLimit } from './budget.ts';
import { impossible } from './impossible.ts';
import { inertLine } from './inert.ts';
import { RESET_MAX_MS } from './provider-failure.ts';
import type { ProviderFailure } from './provider-failure.ts';

/*
 * A pool is one account of a provider. Invariants:
 * 1. What its provider refuses holds the pool, never a task: it costs no task an attempt.
 * 2. `person` is set once, and then only a person takes it away; a pause that a person made likewise.
 * 3. Whatever holds a pool is here and so outlives the process that learnt of it.
 */

export interface PoolState {
  /** Wall clock; null: it is not put off. */
  readonly untilMs: number | null;
  /** When it was put off. Absent where an older version has written it. */
  readonly sinceMs?: number | null;
  /** Why it is put off. */
  readonly why: string;
  /** Nothing of it works before a person has done something. */
  readonly person: PersonNeeded | null;
  /** Models of which that holds; the others work on. Absent: none. */
  readonly models?: Readonly<Record<string, PersonNeeded>>;
  /** Overloads since a turn was served. */
  readonly overloads: number;
  /** When the last of them was counted: a turn that began before is a part of it. */
  readonly overloadedMs: number | null;
  /** Turns in a row that failed within a minute, for no reason that the provider gave. */
  readonly quickFailures: number;
  /** By a person. */
  readonly paused: { readonly by: string; readonly why: string; readonly atMs: number } | null;
  /** When an attempt was last dispatched to it. */
  readonly startedMs: number | null;
}

/** What only a person can mend, as an event has it. */
export interface PersonNeeded {
  readonly type: 'authentication' | 'model' | 'entitlement';
  readonly why: string;
  readonly atMs: number;
}

export const NEW_POOL: PoolState = {
  untilMs: null,
  sinceMs: null,
  why: '',
  person: null,
  overloads: 0,
  overloadedMs: null,
  quickFailures: 0,
  paused: null,
  startedMs: null,
};

/** A turn as its pool sees it. */
export interface PoolTurn {
  /** That it was to have; null: the agent's own choice. */
  readonly model: string | null;
  readonly startedMs: number;
  /**
   * `served`: the provider did its part, whatever came of it. `failed`: it or the program did not. `cut`: somebody ended
   * it, which says nothing of either.
   */
  readonly end: 'served' | 'failed' | 'cut';
  /** What the provider said; null: nothing. */
  readonly failure: ProviderFailure | null;
  /** Why it failed, in words that somebody else chose; null: nobody said. */
  readonly why: string | null;
}

/** What the pool has come to by a turn, and what there is to tell of it. */
export interface PoolChange {
  readonly state: PoolState;
  /** A person is told, once. */
  readonly news: null | 'paused' | PersonNeeded;
}

const MINUTE_MS = 60_000;
const QUICK_MS = MINUTE_MS;
const QUICK_FAILURES = 3;
/** After failures in a row, and for a quota without a time at which it comes back. */
const LONG_PAUSE_MS = 30 * MINUTE_MS;
const BACKOFF_MS = 15_000;
const BACKOFF_MAX_MS = 15 * MINUTE_MS;

/** @param jitter from 0 up to 1, so that pools of many yards do not come back in step. */
export function poolAfter(state: PoolState, turn: PoolTurn, nowMs: number, jitter: number): PoolChange {
  if (turn.end === 'cut') return { state, news: null };
  if (turn.end === 'served') {
    const isNew = state.overloads === 0 && state.quickFailures === 0 && state.overloadedMs === null;
    return { state: isNew ? state : { ...state, overloads: 0, overloadedMs: null, quickFailures: 0 }, news: null };
  }
  const { failure } = turn;
  if (failure === null) return afterFailure(state, turn, nowMs);
  switch (failure.type) {
    case 'quota':
      return pausedUntil(state, nowMs, quotaEndMs(failure, nowMs), `its quota is used up${codeText(failure)}`);
    case 'overload':
      return afterOverload(state, turn, failure, { nowMs, jitter });
    case 'model':
    case 'authentication':
    case 'entitlement':
      return afterRefusal(state, turn, { type: failure.type, code: codeText(failure) }, nowMs);
    default:
      throw impossible(failure.type satisfies never);
  }
}

/** So many models are told apart; a yard has a handful. */
const MODELS_MAX = 50;

/** Somebody may have mistyped the name of a model: that is no reason to hold what works with other ones. */
function afterRefusal(
  state: PoolState,
  { model, why: said }: PoolTurn,
  { type, code }: { readonly type: PersonNeeded['type']; readonly code: string },
  nowMs: number,
): PoolChange {
  const { person, models = {} } = state;
  const needed = (what: string): PersonNeeded => {
    return { type, why: `${what}${code}${saidText(said, '')}`, atMs: nowMs };
  };
  if (type === 'model' && model !== null) {
    if (Object.hasOwn(models, model) || Object.keys(models).length >= MODELS_MAX) return { state, news: null };
    const news = needed(`it has no model ${inertLine(model, CODE_MAX)}, or may not use it`);
    return { state: { ...state, models: { ...models, [model]: news } }, news };
  }
  if (person !== null) return { state, news: null };
  const news = needed(REFUSED[type]);
  return { state: { ...state, person: news }, news };
}

const REFUSED: { readonly [K in PersonNeeded['type']]: string } = {
  authentication: 'it is not logged in',
  model: 'its own model is refused',
  entitlement: 'it may not use this',
};

function afterFailure(state: PoolState, { startedMs, why: said }: PoolTurn, nowMs: number): PoolChange {
  if (nowMs - startedMs >= QUICK_MS) return { state: { ...state, quickFailures: 0 }, news: null };
  const failed = { ...state, quickFailures: state.quickFailures + 1 };
  if (failed.quickFailures < QUICK_FAILURES) return { state: failed, news: null };
  const why = `${QUICK_FAILURES} turns in a row failed within a minute${saidText(said, ', the last')}`;
  return pausedUntil({ ...failed, quickFailures: 0 }, nowMs, nowMs + LONG_PAUSE_MS, why);
}

/** One that says it is over already is given a minute: clocks differ, and nobody is to be asked without a pause. */
function quotaEndMs({ resetMs }: ProviderFailure, nowMs: number): number {
  return resetMs === null ? nowMs + LONG_PAUSE_MS : Math.max(resetMs, nowMs + MINUTE_MS);
}

/**
 * Turns that ran side by side meet one overload, and all report it: the first one counts. Who has waited for its provider
 * in vain until now says more: that it goes on, and that a short wait is none.
 */
function afterOverload(
  state: PoolState,
  turn: PoolTurn,
  failure: ProviderFailure,
  { nowMs, jitter }: { readonly nowMs: number; readonly jitter: number },
): PoolChange {
  const waitedMs = failure.waitedMs ?? 0;
  // What is counted for a time to come was counted before the clock was set back.
  const isCounted = state.overloadedMs !== null && state.overloadedMs <= nowMs && turn.startedMs < state.overloadedMs;
  const backoffMs = isCounted ? 0 : BACKOFF_MS * 2 ** state.overloads;
  const fullMs = Math.min(Math.max(backoffMs, 2 * waitedMs), BACKOFF_MAX_MS);
  const untilMs = nowMs + Math.round(fullMs * (0.5 + jitter / 2));
  const next = isCounted ? state : { ...state, overloads: stepsTo(fullMs) + 1, overloadedMs: nowMs };
  const what = failure.isUnanswered === true ? 'could not be reached' : 'is overloaded';
  const why = `its provider ${what}${codeText(failure)}`;
  return pausedUntil(next, nowMs, Math.max(untilMs, failure.resetMs ?? 0), why);
}

/** How many times the first wait is doubled for one that is as long. */
function stepsTo(waitMs: number): number {
  return Math.ceil(Math.log2(waitMs / BACKOFF_MS));
}

/** A pause is never made shorter by another one. */
function pausedUntil(state: PoolState, nowMs: number, untilMs: number, why: string): PoolChange {
  if (untilMs <= nowMs || (isPutOff(state, nowMs) && state.untilMs >= untilMs)) return { state, news: null };
  return { state: { ...state, untilMs, sinceMs: nowMs, why }, news: 'paused' };
}

/** Clocks are put right by so much all the time. */
const CLOCK_SLACK_MS = MINUTE_MS;

/**
 * What was reckoned by a clock that has been set back since holds nothing: the worst that follows is one turn that is
 * refused, and then holds it by the clock as it is. Nobody waits longer than for the longest quota.
 */
function isPutOff(state: PoolState, nowMs: number): state is PoolState & { readonly untilMs: number } {
  const { untilMs, sinceMs = null } = state;
  if (untilMs === null || untilMs <= nowMs || untilMs - nowMs > RESET_MAX_MS) return false;
  return sinceMs === null || sinceMs <= nowMs + CLOCK_SLACK_MS;
}

const CODE_MAX = 60;
const SAID_MAX = 200;

function codeText({ status, code }: ProviderFailure): string {
  const parts = [...(status === null ? [] : [String(status)]), ...(code === null ? [] : [inertLine(code, CODE_MAX)])];
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`;
}

function saidText(said: string | null, before: string): string {
  return said === null || said.trim() === '' ? '' : `${before}: ${inertLine(said, SAID_MAX)}`;
}

/** What a person takes away when they have mended it. What they themselves paused stays. */
export function cleared(state: PoolState): PoolState {
  return { ...NEW_POOL, paused: state.paused, startedMs: state.startedMs };
}

/** As the configuration has it. */
export interface PoolLimits {
  /** Attempts at once; null: no limit. */
  readonly concurrent: number | null;
  /** Attempts at once with one model, by its name. */
  readonly models: Readonly<Record<string, number>>;
  /** Between the starts of two attempts. */
  readonly minDelayMs: number;
  /** Turns of a day; null: no limit. */
  readonly dailyTurns: number | null;
  /** For a day. */
  readonly budget: Budget;
}

export const NO_POOL_LIMITS: PoolLimits = {
  concurrent: null,
  models: {},
  minDelayMs: 0,
  dailyTurns: null,
  budget: NO_BUDGET,
};

/** A pool in a cycle's snapshot. */
export interface PoolView {
  readonly name: string;
  readonly limits: PoolLimits;
  readonly state: PoolState;
  /** Of this day. */
  readonly today: Spend;
}

/** Why a pool takes nothing now, with the numbers that decided it. */
export type PoolRefusal =
  | { readonly why: 'person'; readonly text: string }
  | { readonly why: 'model-refused'; readonly model: string; readonly text: string }
  | { readonly why: 'held'; readonly by: string; readonly text: string }
  | { readonly why: 'paused'; readonly text: string; readonly untilMs: number; readonly remainingMs: number }
  | ({ readonly why: 'daily'; readonly turns: number; readonly limit: number } & NextDay)
  | ({ readonly why: 'budget' } & NextDay & SpentLimit)
  | { readonly why: 'concurrent'; readonly running: number; readonly limit: number }
  | { readonly why: 'model'; readonly model: string; readonly running: number; readonly limit: number }
  | { readonly why: 'delay'; readonly remainingMs: number };

/**
 * What a machine learnt that no turn could go against.
 * @param isStart of an attempt: a person's pause is over these alone
 * @param model of the turn; null: the agent's own choice
 */
export function holdOf(
  { limits, state, today }: Omit<PoolView, 'name'>,
  nowMs: number,
  isStart: boolean,
  model: string | null = null,
): PoolRefusal | null {
  if (state.person !== null) return { why: 'person', text: state.person.why };
  const refused = model !== null && Object.hasOwn(state.models ?? {}, model) ? state.models?.[model] : undefined;
  if (model !== null && refused !== undefined) return { why: 'model-refused', model, text: refused.why };
  if (isStart && state.paused !== null) return { why: 'held', by: state.paused.by, text: state.paused.why };
  if (isPutOff(state, nowMs)) {
    return { why: 'paused', text: state.why, untilMs: state.untilMs, remainingMs: state.untilMs - nowMs };
  }
  const nextDay = nextDayOf(nowMs);
  if (limits.dailyTurns !== null && today.turns >= limits.dailyTurns) {
    return { why: 'daily', turns: today.turns, limit: limits.dailyTurns, ...nextDay };
  }
  const spent = spentLimit(limits.budget, today);
  return spent === null ? null : { why: 'budget', ...nextDay, ...spent };
}

/** Only a person can end it. */
export function isForPerson({ why }: PoolRefusal): boolean {
  return why === 'person' || why === 'model-refused';
}

/** The end of a sentence that begins with the pool. @param name for the commands that help. */
export function describeRefusal(refusal: PoolRefusal, name: string): string {
  switch (refusal.why) {
    case 'person':
      return `needs a person: ${refusal.text}; mend it, then: yard pools clear ${name}`;
    case 'model-refused':
      return `needs a person: ${refusal.text}; name another model, or mend it, then: yard pools clear ${name}`;
    case 'held':
      return `is paused by ${inertLine(refusal.by, 100)} (${inertLine(refusal.text, 400)}); go on with: yard pools resume ${name}`;
    case 'paused':
      return `is put off for another ${waitText(refusal.remainingMs)}: ${refusal.text}; try at once with: yard pools clear ${name}`;
    case 'daily':
      return `has had its ${refusal.limit} turns of this day (pools.${name}.dailyTurns); the next day begins in ${waitText(refusal.remainingMs)}`;
    case 'budget':
      return isAllUsed(refusal)
        ? `has spent its budget of this day: ${describeSpent(refusal)} (pools.${name}.budget); the next day begins in ${waitText(refusal.remainingMs)}`
        : `has nothing left of its budget of this day for now: ${describeSpent(refusal)} (pools.${name}.budget)`;
    case 'concurrent':
      return `has ${refusal.running} running (limit ${refusal.limit})`;
    case 'model':
      return `has ${refusal.running} running with ${inertLine(refusal.model, 100)} (limit ${refusal.limit})`;
    case 'delay':
      return `takes the next one in ${waitText(refusal.remainingMs)} (pools.${name}.minDelay)`;
    default:
      throw impossible(refusal satisfies never);
  }
}
