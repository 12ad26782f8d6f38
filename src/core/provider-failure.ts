/**
 * Why a provider did not serve a turn. Only from the structured stream or the exit status of the agent's program: what
 * a model writes about quotas is text.
 */
export interface ProviderFailure {
  /**
   * - `quota`: all of a time window is used; it comes back at its reset.
   * - `overload`: the provider, or the way to it, is too busy or broken for now.
   * - `authentication`: nobody is logged in, or the key is not taken.
   * - `entitlement`: the account may not use this (a model, a region, no credit).
   */
  readonly type: 'quota' | 'overload' | 'authentication' | 'entitlement';
  /** Of HTTP; null: not told. */
  readonly status: number | null;
  /** Wall clock; null: not told. */
  readonly resetMs: number | null;
  /** The provider's own word for it; null: not told. */
  readonly code: string | null;
}
