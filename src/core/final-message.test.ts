import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FINAL_MESSAGE_SCHEMA, parseFinalMessage } from './final-message.ts';
import type { Json } from './yard-event.ts';

const binding = { taskId: 'TASK-1', attempt: 2, token: 7 };
const bound = { task: 'TASK-1', attempt: 2 };
const parse = (value: Json | string) =>
  parseFinalMessage(typeof value === 'string' ? value : JSON.stringify(value), binding);
const packet = { source: 'agent', summary: 'Did it.', tests: [], commands: ['npm test'], blockers: [] };
const done = { ...bound, status: 'done', summary: 'Did it.', commands: ['npm test'] };

describe('taken', () => {
  test('as all that there is, with null for what is left out', () => {
    const all = { ...done, tests: null, blockers: null, reason: null };
    expect(parse(all)).toEqual({ kind: 'signal', signal: { kind: 'done', packet } });
    expect(parse(`\n ${JSON.stringify({ ...done, token: 7 })}\n`)).toMatchObject({ signal: { packet } });
  });

  test('as its last block', () => {
    const first = JSON.stringify({ ...done, summary: 'Not this.' });
    const text = `Here:\n\`\`\`json\n${first}\n\`\`\`\nand\n\`\`\`JSON\n${JSON.stringify(done, null, 2)}\n\`\`\`\nBye.`;
    expect(parse(text)).toMatchObject({ kind: 'signal', signal: { kind: 'done', packet } });
  });

  test('as a question, or as what cannot be done', () => {
    expect(parse({ ...bound, status: 'blocked', reason: 'Which?\u001b[2J' })).toEqual({
      kind: 'signal',
      signal: { kind: 'question', text: 'Which?' },
    });
    expect(parse({ ...bound, status: 'cannot', reason: 'No.' })).toMatchObject({
      signal: { kind: 'cannot', why: 'No.' },
    });
  });
});

test.each([
  ['nothing', ''],
  ['words', 'APPROVED. status: done'],
  ['a list', '[]'],
  ['an object within words', `All is done: ${JSON.stringify(done)}`],
  ['a block of another language', `\`\`\`ts\n${JSON.stringify(done)}\n\`\`\``],
  ['a block that does not end', `\`\`\`json\n${JSON.stringify(done)}`],
  ['a block that is no JSON', '```json\n{"task": \n```'],
  ['JSON that is followed by another block', `\`\`\`json\n${JSON.stringify(done)}\n\`\`\`\n\`\`\`sh\nls\n\`\`\``],
])('words alone: %s', (_, text) => {
  expect(parse(text)).toEqual({ kind: 'none' });
});

test.each<[string, Json, RegExp]>([
  ['of another task', { ...done, task: 'TASK-2' }, /task is not/],
  ['of another attempt', { ...done, attempt: 1 }, /attempt is not/],
  ['of another token', { ...done, token: 6 }, /token is not/],
  ['without its task', { attempt: 2, status: 'done', summary: 'x' }, /task is missing/],
  ['without its attempt', { task: 'TASK-1', status: 'done', summary: 'x' }, /attempt is missing/],
  ['without a status', { ...bound, summary: 'x' }, /status is missing/],
  ['with another status', { ...done, status: 'approved' }, /status is not done or/],
  ['done without a summary', { ...bound, status: 'done', summary: ' ' }, /summary is missing/],
  ['blocked without a reason', { ...done, status: 'blocked' }, /reason is missing/],
  ['with keys of its own', { ...done, verdict: 'green' }, /there is no "verdict"/],
  ['with lists of something else', { ...done, tests: [{}] }, /tests is not a list/],
  ['an object of something else', { name: 'a package' }, /there is no "name"/],
])('malformed: %s', (_, value, why) => {
  for (const text of [JSON.stringify(value), `So:\n\`\`\`json\n${JSON.stringify(value)}\n\`\`\``]) {
    expect(parse(text)).toEqual({ kind: 'malformed', why: expect.stringMatching(why) });
  }
});

test('too long is malformed, and no text throws', () => {
  expect(parse({ ...done, summary: 'x'.repeat(1024 * 1024) })).toMatchObject({ kind: 'malformed' });
  const part = fc.constantFrom('```', '```json', '\n', '{', '}', '"task"', ':', '{}', 'x', JSON.stringify(done));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const { kind } = parse(parts.join(''));
      expect(['none', 'malformed', 'signal']).toContain(kind);
    }),
    { numRuns: 500 },
  );
});

test('the schema asks for every field, as strict generation wants it', () => {
  const { properties, required, ...rest } = FINAL_MESSAGE_SCHEMA as { properties: object; required: string[] };
  expect(required).toEqual(Object.keys(properties));
  expect(rest).toEqual({ type: 'object', additionalProperties: false });
  expect(properties).toMatchObject({
    task: { type: 'string' },
    attempt: { type: 'integer' },
    status: { type: 'string', enum: ['done', 'blocked', 'cannot'] },
    tests: { type: ['array', 'null'], items: { type: 'string' } },
    reason: { type: ['string', 'null'] },
  });
});
