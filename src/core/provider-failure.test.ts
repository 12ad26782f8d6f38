import { expect, test } from 'vitest';

import { checkedFailure, failureWord } from './provider-failure.ts';

test('a provider that could not be reached stays one when it is checked, and is told so', () => {
  const failure = { type: 'overload', status: null, resetMs: null, code: null } as const;
  expect(checkedFailure({ ...failure, isUnanswered: true }, 0)).toEqual({ ...failure, isUnanswered: true });
  expect(checkedFailure(failure, 0)).toEqual(failure);
  expect([failureWord(failure), failureWord({ ...failure, isUnanswered: true })]).toEqual(['overload', 'not reached']);
});
