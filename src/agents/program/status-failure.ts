import type { ProviderFailure } from '../../core/provider-failure.ts';

/** What is known of a refusal besides its status. */
export interface Refusal {
  /** Of HTTP; null: not told. */
  readonly status: number | null;
  readonly resetMs?: number | null;
  readonly code?: string | null;
}

/**
 * What a status of HTTP says of the provider; null: it says something of the request, so that another one may well be
 * served. A 429 that tells no reset is one of many in a minute, and is backed off from; one that tells it is a quota.
 */
export function statusFailure({ status, resetMs = null, code = null }: Refusal): ProviderFailure | null {
  const type = typeOf(status, resetMs);
  return type === null ? null : { type, status, resetMs, code };
}

function typeOf(status: number | null, resetMs: number | null): ProviderFailure['type'] | null {
  if (status === null) return null;
  if (status === 401) return 'authentication';
  if (status === 402 || status === 403) return 'entitlement';
  if (status === 404) return 'model';
  if (status === 429) return resetMs === null ? 'overload' : 'quota';
  return status === 408 || status >= 500 ? 'overload' : null;
}
