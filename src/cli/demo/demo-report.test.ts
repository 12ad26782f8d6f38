import { expect, test } from 'vitest';

import { describeChange } from './demo-report.ts';

const BEFORE = { branch: 'refs/heads/main', commit: 'a'.repeat(40), changed: ['old.txt'] };

test.each([
  [{ ...BEFORE, changed: ['old.txt', 'README.md'] }, 'changed: README.md.'],
  [{ ...BEFORE, changed: [] }, 'no longer changed: old.txt.'],
  [{ ...BEFORE, branch: '' }, 'it is on no branch instead of main.'],
  [{ ...BEFORE, commit: 'b'.repeat(40) }, 'at bbbbbbbbbbbb instead of aaaaaaaaaaaa.'],
  [{ ...BEFORE, changed: ['old.txt', '1', '2', '3', '4', '5', '6'] }, 'changed: 1, 2, 3, 4, 5 and 1 more.'],
])('what has become of a checkout, in words', (after, words) => {
  expect(describeChange(BEFORE, after)).toBe(words);
});
