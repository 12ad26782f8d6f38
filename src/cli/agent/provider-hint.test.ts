import { expect, test } from 'vitest';

import type { ProviderFailure } from '../../core/provider-failure.ts';
import { providerHint } from './provider-hint.ts';

const failure: ProviderFailure = { type: 'overload', status: null, resetMs: null, code: null };

test.each<[Partial<ProviderFailure>, RegExp]>([
  [{ isUnanswered: true }, /could not be reached/],
  [{ type: 'quota', status: 429, resetMs: 1_795_275_851_000 }, /quota .* used up\. Try again after 2026-11-21T/],
  [{ type: 'quota' }, /quota .* used up\. Try again when/],
  [{ status: 429 }, /no more requests .* \(429\)/],
  [{ status: 503 }, /overloaded or out of order \(503\)/],
  [{}, /overloaded or out of order\./],
  [{ type: 'entitlement', status: 403 }, /may not use this/],
])('%j', (more, said) => {
  expect(providerHint({ ...failure, ...more })).toMatch(said);
});
