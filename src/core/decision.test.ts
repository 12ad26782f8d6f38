import { expect, test } from 'vitest';
import { OUTCOME_OWNER } from './attempt.ts';
import type { AttemptOutcome, OutcomeKind } from './attempt.ts';
import { decide, listPaths } from './decision.ts';
import { step } from './step.ts';
import type { TaskEvent } from './task-event.ts';
import { DEFAULT_RETRY_POLICY, FROM_THE_AGENT, NO_COUNTERS } from './task-state.ts';

const cases: { readonly [K in OutcomeKind]: readonly [AttemptOutcome & { kind: K }, TaskEvent | null] } = {
  accepted: [
    { kind: 'accepted', head: 'h' },
    { kind: 'accepted', head: 'h' },
  ],
  'gate-red': [
    { kind: 'gate-red', head: 'h', summary: 'npm test exited with 1', logTail: 'long' },
    { kind: 'product-failure', why: 'the gate is red: npm test exited with 1' },
  ],
  'audit-needs-fix': [
    { kind: 'audit-needs-fix', head: 'h', summary: 'no test' },
    { kind: 'product-failure', why: 'the audit asks for changes: no test' },
  ],
  scope: [
    { kind: 'scope', violations: ['a', 'b', 'c', 'd', 'e'].map((path) => ({ path, why: 'outside' as const })) },
    { kind: 'product-failure', why: 'it changed a, b, c and 2 more outside its scope' },
  ],
  'no-change': [{ kind: 'no-change' }, { kind: 'product-failure', why: 'the agent changed nothing' }],
  'no-packet': [
    { kind: 'no-packet', why: 'the report is no JSON', outputTail: '' },
    { kind: 'product-failure', why: 'the report is no JSON' },
  ],
  question: [
    { kind: 'question', text: 'which?' },
    { kind: 'person-needed', on: { kind: 'question', text: 'which?' } },
  ],
  'needs-approval': [
    { kind: 'needs-approval', head: 'h', hash: 'x', paths: ['CLAUDE.md'] },
    { kind: 'person-needed', on: { kind: 'approval', head: 'h', hash: 'x', paths: ['CLAUDE.md'] } },
  ],
  budget: [
    { kind: 'budget', of: 'day', why: 'spent' },
    { kind: 'postponed', why: 'spent', pool: null },
  ],
  provider: [
    { kind: 'provider', why: 'quota', retryAtMs: 99 },
    { kind: 'infrastructure-failure', why: 'quota', atMs: 5, retryAtMs: 99, collected: null },
  ],
  infrastructure: [
    { kind: 'infrastructure', why: 'disk full' },
    { kind: 'infrastructure-failure', why: 'disk full', atMs: 5, retryAtMs: null, collected: null },
  ],
  conflict: [
    { kind: 'conflict', paths: ['a'], why: 'markers are left in a' },
    { kind: 'product-failure', why: 'markers are left in a' },
  ],
  integrity: [
    { kind: 'integrity', why: 'forged' },
    { kind: 'integrity-failure', why: 'forged' },
  ],
  policy: [
    { kind: 'policy', why: 'a submodule', paths: ['sub'] },
    { kind: 'integrity-failure', why: 'a submodule' },
  ],
  cancelled: [{ kind: 'cancelled' }, null],
  lost: [
    { kind: 'lost', why: 'killed' },
    { kind: 'lease-lost', why: 'killed', atMs: 5, together: false, collected: null },
  ],
};

test.each(Object.entries(cases))('%s', (_, [outcome, event]) => {
  expect(decide(outcome, 5)).toEqual(event);
});

test('a retry is spent exactly by what the work itself is to blame for', () => {
  for (const [outcome] of Object.values(cases)) {
    const event = decide(outcome, 5);
    if (event === null) continue;
    const running = { status: 'running', attempt: 1, entry: FROM_THE_AGENT } as const;
    const after = step({ state: running, counters: NO_COUNTERS }, event, DEFAULT_RETRY_POLICY);
    expect(after.counters.retries, outcome.kind).toBe(
      ['product', 'conflict'].includes(OUTCOME_OWNER[outcome.kind] ?? '') ? 1 : 0,
    );
  }
});

test('a list of paths is bounded', () => {
  expect(listPaths([])).toBe('');
  expect(listPaths(['a', 'b', 'c'])).toBe('a, b, c');
  expect(listPaths(['a', 'b', 'c'], 1)).toBe('a and 2 more');
});
