import { describe, expect, test } from 'vitest';

import { chooseSession, SESSION_AGE_MAX_MS } from './session.ts';
import type { SessionRecord, SessionRefusal, SessionWish } from './session.ts';

const RECORD: SessionRecord = {
  sessionId: 's-1',
  provider: 'claude',
  role: 'implementer',
  taskId: 'TASK-1',
  runner: 'claude 2.1',
  model: 'opus',
  effort: null,
  templateHash: 'aa',
  createdMs: 1_000,
  baseCommit: 'b'.repeat(40),
  directory: '/lanes/TASK-1',
  attempt: 1,
  totals: null,
};
const WISH: SessionWish = {
  enabled: true,
  provider: 'claude',
  role: 'implementer',
  taskId: 'TASK-1',
  runner: 'claude 2.1',
  model: 'opus',
  effort: null,
  templateHash: 'aa',
  nowMs: 2_000,
  directory: '/lanes/TASK-1',
  isBaseAncestor: true,
};

test('all gates open: the session goes on, with what it had counted', () => {
  expect(chooseSession(RECORD, WISH)).toEqual({ kind: 'resume', sessionId: 's-1', totals: null });
});

/** In the order of the gates: what closes each one, all before it being open. */
const GATES: readonly [SessionRefusal, Partial<SessionRecord> | null, Partial<SessionWish>][] = [
  ['disabled', {}, { enabled: false }],
  ['no-session', null, {}],
  ['no-session-id', { sessionId: null }, {}],
  ['role-mismatch', { role: 'auditor' }, {}],
  ['run-mismatch', { taskId: 'TASK-2' }, {}],
  ['runner-changed', { runner: 'claude 2.0' }, {}],
  ['prompt-template-changed', { templateHash: 'bb' }, {}],
  ['expired', {}, { nowMs: RECORD.createdMs + SESSION_AGE_MAX_MS + 1 }],
  ['head-rewritten', {}, { isBaseAncestor: false }],
  ['worktree-moved', { directory: '/lanes/TASK-9' }, {}],
];

describe('each gate', () => {
  test.each(GATES)('%s', (refusal, record, wish) => {
    const found = chooseSession(record === null ? null : { ...RECORD, ...record }, { ...WISH, ...wish });
    expect(found).toEqual({ kind: 'fresh', refusal });
  });
});

test('of several closed gates the first one is the reason', () => {
  for (let from = 2; from < GATES.length; from += 1) {
    const closed = GATES.slice(from);
    const record = Object.assign({}, RECORD, ...closed.map(([, change]) => change)) as SessionRecord;
    const wish = Object.assign({}, WISH, ...closed.map(([, , change]) => change)) as SessionWish;
    expect(chooseSession(record, wish)).toEqual({ kind: 'fresh', refusal: closed[0]?.[0] });
  }
});

test.each([{ model: 'sonnet' }, { effort: 'high' }, { provider: 'codex' }])('another runner: %o', (change) => {
  expect(chooseSession(RECORD, { ...WISH, ...change })).toEqual({ kind: 'fresh', refusal: 'runner-changed' });
});

test('a clock that was set back makes no session old', () => {
  expect(chooseSession(RECORD, { ...WISH, nowMs: 0 }).kind).toBe('resume');
});
