import { expect, test } from 'vitest';
import { parseResult } from './packet.ts';

const binding = { taskId: 'TASK-1', attempt: 2, token: 7 };
const parse = (text: string | Buffer) => parseResult(Buffer.from(text as string), binding);

test('a packet, with and without its binding', () => {
  const packet = { source: 'agent', summary: 'did it', tests: ['a'], commands: [], blockers: ['b'] };
  const text = { summary: 'did it', tests: ['a'], blockers: ['b'], more: 1 };
  expect(parse(JSON.stringify(text))).toEqual({ kind: 'packet', packet });
  expect(parse(JSON.stringify({ ...text, task: 'TASK-1', attempt: 2, token: 7 }))).toEqual({ kind: 'packet', packet });
});

test('a question', () => {
  expect(parse('{"question": "Which?"}')).toEqual({ kind: 'question', text: 'Which?' });
});

test.each([
  ['nothing', ''],
  ['no JSON', 'APPROVED'],
  ['null', 'null'],
  ['a list', '[]'],
  ['a text', '"summary"'],
  ['not UTF-8', Buffer.from('{"summary": "\u00ff"}', 'latin1')],
  ['without a summary', '{"tests": []}'],
  ['an empty summary', '{"summary": " \\n"}'],
  ['an empty question', '{"question": " "}'],
  ['a question that is no text', '{"question": ["x"]}'],
  ['lists of something else', '{"summary": "x", "tests": [1]}'],
  ['no list', '{"summary": "x", "commands": "npm test"}'],
  ['of another task', '{"summary": "x", "task": "TASK-2"}'],
  ['of another attempt', '{"summary": "x", "attempt": 1}'],
  ['of another token', '{"summary": "x", "token": 6}'],
  ['a question of another token', '{"question": "x", "token": "7"}'],
])('not taken: %s', (_, text) => {
  expect(parse(text)).toMatchObject({ kind: 'malformed' });
});

test('what is taken is bounded', () => {
  const huge = JSON.stringify({ summary: 'x'.repeat(500_000), tests: Array.from({ length: 2_000 }, () => 'y') });
  const result = parse(huge);
  expect(result.kind === 'packet' && result.packet.summary.length).toBe(20_000);
  expect(result.kind === 'packet' && result.packet.tests.length).toBe(500);
});
