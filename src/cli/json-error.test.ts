import { expect, test } from 'vitest';
import { UserError } from '../core/user-error.ts';
import { jsonError, usageError, wantsJson } from './json-error.ts';

test('an option counts, a word after -- does not', () => {
  expect(wantsJson(['status', '--json'])).toBe(true);
  expect(wantsJson(['answer', 'T-1', '--', '--json'])).toBe(false);
  expect(wantsJson(['status'])).toBe(false);
});

test('code, sentence, hint, and the place where there is one', () => {
  const parts = { code: 'config-invalid', message: 'it is broken', exitCode: 2 };
  expect(jsonError(new UserError(parts))).toEqual({
    error: { code: 'config-invalid', message: 'it is broken', hint: null },
  });
  const place = { file: 'a.yaml', line: 3, column: 1 };
  expect(jsonError(new UserError({ ...parts, hint: 'Mend it.', place }))).toEqual({
    error: { code: 'config-invalid', message: 'it is broken', hint: 'Mend it.', place },
  });
});

test('what the parser suggests is a hint', () => {
  expect(usageError("error: unknown option '--jsno'\n(Did you mean --json?)", 'yard run --help')).toEqual({
    error: { code: 'usage', message: "unknown option '--jsno'", hint: 'Did you mean --json? See: yard run --help' },
  });
});
