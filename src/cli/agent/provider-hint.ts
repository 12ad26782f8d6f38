import { impossible } from '../../core/impossible.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';

/** What a person can do about a provider that did not serve a turn, to an account that is logged in. */
export function providerHint({ type, status, resetMs, isUnanswered }: ProviderFailure): string {
  if (isUnanswered === true) {
    return 'The provider could not be reached: see to the network (sandbox.agents.network, too), and to its address.';
  }
  switch (type) {
    case 'quota': {
      const when = resetMs === null ? 'when it is there again' : `after ${new Date(resetMs).toISOString()}`;
      return `The quota of the account is used up. Try again ${when}.`;
    }
    case 'overload':
      return status === 429
        ? 'The provider takes no more requests of this account for now (429). Try again later.'
        : `The provider is overloaded or out of order${status === null ? '' : ` (${status})`}. Try again later.`;
    case 'entitlement':
      return 'The account may not use this: name another model, or take another account.';
    case 'model':
      return 'The account does not have this model: name another one.';
    case 'authentication':
      return 'The provider does not take the login.';
    default:
      throw impossible(type satisfies never);
  }
}
