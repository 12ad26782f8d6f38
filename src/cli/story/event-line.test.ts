import { expect, test } from 'vitest';

import type { Json, YardEvent } from '../../core/yard-event.ts';
import { eventLines, numberedEvent } from './event-line.ts';

const plain = { isTerminal: false, width: 100, style: (_style: string, text: string) => text };

function event(type: string, taskId: string, attempt: number | null = null, data: Json = {}): YardEvent {
  return { seq: 1, atMs: new Date(2026, 0, 2, 3, 4, 5).getTime(), type, taskId, attempt, data };
}

const titleOf = (id: string): string => `title of ${id}`;

test('tasks that come in together are told of together', () => {
  const few = ['A-1', 'A-2', 'A-3'].map((id) => event('task.added', id));
  expect(eventLines(few, plain, titleOf)).toHaveLength(3);
  const many = [...few, event('task.added', 'A-4'), event('task.leased', 'A-1', 1)];
  expect(eventLines(many, plain, titleOf)).toEqual([
    '03:04:05 + 4 tasks joined the backlog: A-1, A-2, A-3 and 1 more',
    '03:04:05 ▸ A-1 started: title of A-1',
  ]);
});

test('an attempt that enters at the gate is not told as one that starts over', () => {
  const [line] = eventLines([event('task.leased', 'A-1', 2, { entry: 'gating' })], plain, () => '');
  expect(line).toBe('03:04:05 ▸ A-1 (attempt 2) goes on at its gate');
});

test('only attempts after the first are numbered', () => {
  const events = [event('task.leased', 'A-1', 2), event('task.leased', 'A-2', 1)];
  expect(eventLines(events, plain, () => '')).toEqual(['03:04:05 ▸ A-1 (attempt 2) started', '03:04:05 ▸ A-2 started']);
});

test('a pool that is cleared goes on, unless a person has paused it', () => {
  const events = [{ pool: 'a' }, { pool: 'b', held: false }, { pool: 'c', held: true }].map((data) => ({
    ...event('pool.cleared', '', null, data),
    taskId: null,
  }));
  expect(eventLines(events, plain, () => '')).toEqual([
    '03:04:05 ▸ the pool a goes on',
    '03:04:05 ▸ the pool b goes on',
    '03:04:05 ▸ what failures did to the pool c is forgotten; a person has paused it, and it stays so (yard pools)',
  ]);
});

test('a long line is broken between words on a terminal, and nowhere else', () => {
  const events = [event('task.product-failure', 'A-1', 1, { why: 'one two three four five six seven' })];
  expect(eventLines(events, plain, titleOf)).toEqual(['03:04:05 ✗ A-1 one two three four five six seven']);
  expect(eventLines(events, { ...plain, isTerminal: true, width: 35 }, titleOf)).toEqual([
    '03:04:05 ✗ A-1 one two three four',
    '           five six seven',
  ]);
});

test('what is worth no line has none', () => {
  expect(eventLines([event('attempt.phase', 'A-1', 1, { phase: 'gating' })], plain, titleOf)).toEqual([]);
});

test('a superseded task is told with who takes its place', () => {
  const [line] = eventLines([event('task.superseded', 'A-1', null, { by: 'A-2' })], plain, titleOf);
  expect(line).toBe('03:04:05 · A-1 superseded by A-2');
});

test('what becomes of the configuration is told', () => {
  const events = [
    event('config.changed', '', null, { keys: ['a.b', 'c', 'd', 'e'] }),
    event('config.broken', '', null, { code: 'config-invalid', message: '.yard/config.yaml:1:1: it is\u001b[31m bad' }),
    event('config.mended', '', null, {}),
  ];
  expect(eventLines(events, plain, titleOf)).toEqual([
    '03:04:05 · the configuration has changed: a.b, c, d and 1 more; for what starts now',
    '03:04:05 ! the configuration does not hold, the last good one stays in force: .yard/config.yaml:1:1: it is bad',
    '03:04:05 ▸ the configuration holds again',
  ]);
});

test('a numbered event says what it says to a person, or its data as they are, on one inert line', () => {
  const why = 'it is\u001b[2J red\nindeed';
  expect(numberedEvent(event('task.product-failure', 'A-1', 2, { why }), plain)).toBe(
    '     1 2026-01-02 03:04:05 task.product-failure   A-1/2          it is red indeed',
  );
  expect(numberedEvent(event('task.boarded', 'A-1', 1, { to: 'landing' }), plain)).toMatch(
    / A-1\/1 +\{"to":"landing"\}$/,
  );
  const narrow = numberedEvent(event('task.product-failure', 'A-1', 2, { why: 'x'.repeat(100) }), {
    ...plain,
    isTerminal: true,
    width: 70,
  });
  expect(narrow).toHaveLength(70);
  // With no room for columns it is left to go on below.
  const slim = { ...plain, isTerminal: true, width: 40 };
  expect(numberedEvent(event('task.product-failure', 'A-1', 2, { why: 'it is red' }), slim)).toMatch(
    / task\.product-failure A-1\/2 it is red$/,
  );
});
