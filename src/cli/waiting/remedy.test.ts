import { expect, test } from 'vitest';
import type { AttemptOutcome } from '../../core/attempt.ts';
import { remedyFor } from './remedy.ts';

const outside: AttemptOutcome = { kind: 'scope', violations: [{ path: 'docs/a b.md', why: 'outside' }] };
const parked = (owns: readonly string[], why = 'attempt 2: outside of its scope') => {
  return { id: 'T-1', state: { status: 'parked', why } as const, owns };
};

test('a path outside of the scope is let in first, then the task is put back', () => {
  expect(remedyFor(parked(['src/**']), outside)).toEqual({
    sentence: "let it: yard edit T-1 --add-owns 'docs/a b.md', then: yard unpark T-1",
    commands: ["yard edit T-1 --add-owns 'docs/a b.md'", 'yard unpark T-1'],
  });
});

test('advice that was followed is not repeated, and what a person parked gets none', () => {
  expect(remedyFor(parked(['src/**', 'docs/**']), outside)).toBeNull();
  expect(remedyFor(parked([]), outside)).toBeNull();
  expect(remedyFor(parked(['src/**'], 'by a person: later'), outside)).toBeNull();
  expect(remedyFor({ ...parked(['src/**']), state: { status: 'cancelled' } }, outside)).toBeNull();
});
