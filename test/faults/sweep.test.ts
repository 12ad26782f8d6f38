import { expect, test } from 'vitest';

import type { Hit } from './hits.ts';
import type { QuietRun } from './run-case.ts';
import { firstHits } from './sweep.ts';

/** A quiet run that comes by these names, each by these roles in turn. */
function quietRun(roles: Readonly<Record<string, readonly string[]>>): QuietRun {
  const trace = Object.entries(roles).flatMap(([name, each]) =>
    each.map((role, index): Hit => ({ name, number: index + 1, pid: 1, role, atMs: 0 })),
  );
  return { tree: '', hits: new Map(Object.entries(roles).map(([name, { length }]) => [name, length])), trace };
}

test('no case strikes where more than two attempts could be: the third lost in a row parks its task', () => {
  // Killed before its first removal, a run does not come by the second: an attempt is the first to.
  const small = quietRun({
    'a:before': ['attempt'],
    'a:after': ['attempt'],
    'b:before': ['run', 'attempt'],
    'b:after': ['run', 'attempt'],
    'c:before': ['run'],
    'c:after': ['train'],
  });
  const names = [...small.hits.keys()];
  const cases = firstHits(names, { small, person: quietRun({}) });
  expect(cases.flatMap(({ faults }) => faults.map(({ name }) => name)).toSorted()).toEqual(names.toSorted());
  for (const { faults } of cases) {
    expect(faults.filter(({ name }) => /^[ab]:/.test(name)).length).toBeLessThanOrEqual(2);
  }
});
