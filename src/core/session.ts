import type { Usage } from './usage.ts';

/** Who an agent works as. Sessions of one role are never gone on with in the other. */
export type SessionRole = 'implementer' | 'auditor';

/**
 * Whether a program can be given it back: never an option in the place of an argument, nor a path. What programs call their
 * sessions is a UUID, or a word with a number.
 */
export function isSessionId(id: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._:@=+-]{0,199}$/.test(id);
}

/** What a session shares with every turn that goes on with it. */
export interface SessionIdentity {
  /** Kind of the agent: whose program keeps the session. */
  readonly provider: string;
  readonly role: SessionRole;
  readonly taskId: string;
  /** Distinguishes the program that ran from another one, or another version of it. */
  readonly runner: string;
  readonly model: string | null;
  readonly effort: string | null;
  /** Hash over what every prompt of this role begins from: another template makes another conversation. */
  readonly templateHash: string;
  /** The lane's directory. */
  readonly directory: string;
}

/** What is known of an agent's session after a turn of it; kept in the evidence of the attempt. */
export interface SessionRecord extends SessionIdentity {
  /** Of the program. Null: it has told none. */
  readonly sessionId: string | null;
  readonly createdMs: number;
  /** The base of the lane when the session began. */
  readonly baseCommit: string;
  /** Of the attempt that used it last. */
  readonly attempt: number;
  /** What the program has counted up to now, where it counts on from turn to turn; null: it does not. */
  readonly totals: Usage | null;
}

/** What a turn that may go on with a session is about to be. */
export interface SessionWish extends SessionIdentity {
  /** `continuity.session`. */
  readonly enabled: boolean;
  readonly nowMs: number;
  /** The base that the session began from is an ancestor of the base of now. */
  readonly isBaseAncestor: boolean;
}

/** Older ones are forgotten by providers' caches, and by programs. */
export const SESSION_AGE_MAX_MS = 14_400_000;

export type SessionRefusal =
  | 'disabled'
  | 'no-session'
  | 'no-session-id'
  | 'role-mismatch'
  | 'run-mismatch'
  | 'runner-changed'
  | 'prompt-template-changed'
  | 'expired'
  | 'head-rewritten'
  | 'worktree-moved';

export type SessionChoice =
  | { readonly kind: 'resume'; readonly sessionId: string; readonly totals: Usage | null }
  /** Any refusal is no failure: the same attempt begins a new session. */
  | { readonly kind: 'fresh'; readonly refusal: SessionRefusal };

/**
 * Whether a session is gone on with: ten gates, in this order; the first that does not open is the reason. A changed
 * model or effort is a changed runner.
 */
export function chooseSession(record: SessionRecord | null, wish: SessionWish): SessionChoice {
  const refusal = refusalOf(record, wish);
  if (refusal !== null) return { kind: 'fresh', refusal };
  if (record === null || record.sessionId === null) throw new Error('a session without an id passed its gates');
  return { kind: 'resume', sessionId: record.sessionId, totals: record.totals };
}

function refusalOf(record: SessionRecord | null, wish: SessionWish): SessionRefusal | null {
  if (!wish.enabled) return 'disabled';
  if (record === null) return 'no-session';
  if (record.sessionId === null || record.sessionId === '') return 'no-session-id';
  if (record.role !== wish.role) return 'role-mismatch';
  if (record.taskId !== wish.taskId) return 'run-mismatch';
  if (isOtherRunner(record, wish)) return 'runner-changed';
  if (record.templateHash !== wish.templateHash) return 'prompt-template-changed';
  // A clock that was set back says nothing of age: what comes from the future is no older than now.
  if (wish.nowMs - record.createdMs > SESSION_AGE_MAX_MS) return 'expired';
  if (!wish.isBaseAncestor) return 'head-rewritten';
  if (record.directory !== wish.directory) return 'worktree-moved';
  return null;
}

function isOtherRunner(record: SessionRecord, wish: SessionWish): boolean {
  return (
    record.provider !== wish.provider ||
    record.runner !== wish.runner ||
    record.model !== wish.model ||
    record.effort !== wish.effort
  );
}
