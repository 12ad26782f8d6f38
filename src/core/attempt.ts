import type { ProviderFailure } from './provider-failure.ts';

/** The phases of an attempt, in order. */
export const ATTEMPT_PHASES = [
  'preparing',
  'implementing',
  'collecting',
  'gating',
  'auditing',
  'deciding',
  'finished',
] as const;
export type AttemptPhase = (typeof ATTEMPT_PHASES)[number];

/** What it has made is a commit that passed all checks but its gate. */
export function isAtGate(phase: AttemptPhase): boolean {
  return phase === 'gating' || phase === 'auditing' || phase === 'deciding';
}

/** How an attempt ended. */
export type AttemptOutcome =
  | { readonly kind: 'accepted'; readonly head: string }
  | { readonly kind: 'gate-red'; readonly head: string; readonly summary: string; readonly logTail: string }
  | { readonly kind: 'audit-needs-fix'; readonly head: string; readonly summary: string }
  | { readonly kind: 'scope'; readonly violations: readonly ScopeViolation[] }
  | { readonly kind: 'no-change' }
  | { readonly kind: 'no-packet'; readonly why: string; readonly outputTail: string }
  | { readonly kind: 'question'; readonly text: string }
  | {
      readonly kind: 'needs-approval';
      readonly head: string;
      /** Over the content of the protected paths: exactly this is approved. */
      readonly hash: string;
      readonly paths: readonly string[];
    }
  | {
      readonly kind: 'provider';
      readonly why: string;
      readonly retryAtMs: number | null;
      /** Absent where a program without a protocol failed, and where the provider was not asked: its pool took no turn. */
      readonly failure?: ProviderFailure;
      /** The pool that holds the task until it serves again: the failure costs the task nothing. */
      readonly pool?: string;
    }
  /** Nothing is left of a budget that the task shares with others. */
  | { readonly kind: 'budget'; readonly of: 'day' | 'run'; readonly why: string }
  | {
      readonly kind: 'infrastructure';
      readonly why: string;
      /** What the machine had too little of, where that is known: no sign that anything is wrong with the yard. */
      readonly fault?: 'disk-full' | 'exhausted';
    }
  | { readonly kind: 'conflict'; readonly paths: readonly string[]; readonly why: string }
  | { readonly kind: 'integrity'; readonly why: string }
  | { readonly kind: 'policy'; readonly why: string; readonly paths: readonly string[] }
  | { readonly kind: 'cancelled' }
  /** `together`: with others, or while no scheduler looked, so that it says little of this task. */
  | { readonly kind: 'lost'; readonly why: string; readonly together?: boolean };

export type OutcomeKind = AttemptOutcome['kind'];

export interface ScopeViolation {
  readonly path: string;
  /** `outside`: not matched by `owns`. `forbidden`: matched by `forbids`. */
  readonly why: 'outside' | 'forbidden';
}

/** To whom a failure belongs. Only `product`, and a `conflict` that was left unresolved, spend a retry of the task. */
export type FailureOwner = 'product' | 'infrastructure' | 'provider' | 'integrity' | 'conflict' | 'policy' | 'human';

/** Failures that speak of the yard as a whole when they come in a row: so many of them, and nothing more starts. */
export function countsForBreaker(outcome: AttemptOutcome): boolean {
  // A machine without room says of itself that it will do better.
  return !('fault' in outcome) && COUNTED.has(OUTCOME_OWNER[outcome.kind]);
}

const COUNTED: ReadonlySet<FailureOwner | null> = new Set([
  'product',
  'infrastructure',
  'integrity',
  'policy',
] as const);

/** The owner of each outcome; null for the one that is no failure, and for those that nobody is to blame for. */
export const OUTCOME_OWNER: { readonly [K in OutcomeKind]: FailureOwner | null } = {
  accepted: null,
  'gate-red': 'product',
  'audit-needs-fix': 'product',
  scope: 'product',
  'no-change': 'product',
  'no-packet': 'product',
  question: 'human',
  'needs-approval': 'human',
  provider: 'provider',
  budget: null,
  infrastructure: 'infrastructure',
  conflict: 'conflict',
  integrity: 'integrity',
  policy: 'policy',
  cancelled: null,
  // A power cut loses all at once, and says nothing of what was lost: its own count parks what is lost again and again.
  lost: null,
};
