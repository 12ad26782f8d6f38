import { inertLine } from './inert.ts';

/**
 * Why a provider did not serve a turn. Only from the structured stream or the exit status of the agent's program: what
 * a model writes about quotas is text.
 */
export interface ProviderFailure {
  /**
   * - `quota`: all of a time window is used; it comes back at its reset.
   * - `overload`: the provider, or the way to it, is too busy or broken for now.
   * - `authentication`: nobody is logged in, or the key is not taken.
   * - `model`: there is no such model, or none for this account.
   * - `entitlement`: the account may not use this (a region, no credit).
   */
  readonly type: 'quota' | 'overload' | 'authentication' | 'model' | 'entitlement';
  /** Of HTTP; null: not told. */
  readonly status: number | null;
  /** Wall clock; null: not told. */
  readonly resetMs: number | null;
  /** The provider's own word for it; null: not told. */
  readonly code: string | null;
  /** No answer came: it could not be reached, or the way to it broke. Absent: it answered, or the program does not tell. */
  readonly isUnanswered?: true;
  /** How long the program had tried again in vain when it was ended. Absent: it ended by itself. */
  readonly waitedMs?: number;
}

/** No window of a quota is longer; a reset that is told for later is a mistake, or a lie. */
export const RESET_MAX_MS = 35 * 86_400_000;
const CODE_MAX = 60;

/** What a program may say of its provider, as it can be kept and reckoned with. */
export function checkedFailure(failure: ProviderFailure, nowMs: number): ProviderFailure {
  const { type, status, resetMs, code, isUnanswered, waitedMs } = failure;
  const isReset = resetMs !== null && Number.isFinite(resetMs) && resetMs - nowMs <= RESET_MAX_MS;
  return {
    type,
    status: status !== null && Number.isInteger(status) && status >= 100 && status < 1_000 ? status : null,
    resetMs: isReset ? Math.max(0, Math.round(resetMs)) : null,
    code: code === null ? null : inertLine(code, CODE_MAX),
    ...(isUnanswered === true ? { isUnanswered } : {}),
    ...(waitedMs === undefined ? {} : { waitedMs }),
  };
}

/** What it comes to in a word or two. */
export function failureWord({ type, isUnanswered }: ProviderFailure): string {
  return isUnanswered === true ? 'not reached' : type;
}
