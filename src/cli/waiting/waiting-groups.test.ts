import { expect, test } from 'vitest';
import type { Waiting } from '../../core/waiting.ts';
import { groupWaiting, renderGroups } from './waiting-groups.ts';
import type { WaitingTask } from './waiting-groups.ts';

const slots: Waiting = { reason: 'slots', running: 2, limit: 2 };
const many = (count: number, waiting: (index: number) => readonly Waiting[]): WaitingTask[] =>
  Array.from({ length: count }, (_, index) => ({ id: `T-${index + 1}`, waiting: waiting(index) }));

test('what the same thing holds back is one line, and what waits for a person comes first', () => {
  const tasks: WaitingTask[] = [
    ...many(3, () => [slots]),
    { id: 'RUN-1', waiting: [] },
    { id: 'ASK-1', waiting: [{ reason: 'question', text: 'Which one?' }] },
    { id: 'BOTH-1', waiting: [{ reason: 'dependency', id: 'ASK-1', state: 'blocked' }, slots] },
  ];
  expect(renderGroups(groupWaiting(tasks), 500, 'yard why --all --json')).toEqual([
    'ASK-1: it asks: Which one? — answer with: yard answer ASK-1 "…"',
    'BOTH-1: it comes after ASK-1, which is blocked and has not landed',
    '3 tasks: 2 attempts run (limit 2)',
    '  T-1, T-2, T-3',
  ]);
});

test('of thousands a person sees a page, and is told what is left out', () => {
  const tasks = [
    ...many(5_000, (index) => [{ reason: 'dependency', id: `X-${index}`, state: 'ready' }]),
    ...many(5_000, () => [slots]),
  ];
  const lines = renderGroups(groupWaiting(tasks), 500, 'ALL');
  expect(lines).toHaveLength(20 + 2 + 1);
  expect(lines.slice(20)).toEqual([
    '5000 tasks: 2 attempts run (limit 2)',
    '  T-1, T-2, T-3, T-4, T-5, T-6, T-7, T-8, T-9, T-10, T-11, T-12 and 4988 more',
    'and 4980 more of the reason dependency (all: ALL)',
  ]);
});

test('no line is wider than the terminal', () => {
  const text = 'word '.repeat(100);
  const lines = renderGroups(groupWaiting(many(30, () => [{ reason: 'parked', why: text }])), 60, 'ALL');
  expect(lines.length).toBeGreaterThan(30);
  expect(lines.filter((line) => line.length > 60)).toEqual([]);
});

test('of a chain of agents that are all held, each is named', () => {
  const codex: Waiting = {
    reason: 'pool',
    pool: 'codex',
    agent: 'codex:gpt-5.5',
    refusal: { why: 'paused', text: 'its quota is used up (429)', untilMs: 9e6, remainingMs: 2 * 3_600_000 },
  };
  const claude: Waiting = {
    reason: 'pool',
    pool: 'claude',
    agent: 'claude',
    refusal: { why: 'person', text: 'it is not logged in' },
  };
  const held: Waiting = { reason: 'paused', subject: { of: 'agent', name: 'gemini' }, by: 'ada', why: 'x' };
  const chained: WaitingTask[] = [
    { id: 'T-1', waiting: [held, codex, claude, slots] },
    { id: 'T-2', waiting: [slots, codex, claude] },
    { id: 'T-3', waiting: [codex] },
  ];
  expect(groupWaiting(chained).map(({ sentence }) => sentence)).toEqual([
    'none of its agents can start: (1) the agent gemini is paused by ada (x); go on with: yard resume agent gemini (2) codex:gpt-5.5: the pool codex is put off for another 2 h: its quota is used up (429); try at once with: yard pools clear codex (3) claude: the pool claude needs a person: it is not logged in; mend it, then: yard pools clear claude',
    'the pool codex is put off for another 2 h: its quota is used up (429); try at once with: yard pools clear codex',
    '2 attempts run (limit 2)',
  ]);
});
