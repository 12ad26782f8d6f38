import { describe, expect, test } from 'vitest';
import { needOfTask } from './need.ts';
import { makeNotice, noticeItem } from './notice.ts';
import type { NoticeItem } from './notice.ts';
import { desktopOf, NOTICE_SHAPES, shapeNotice } from './notice-shapes.ts';
import { secretParts, webhookProblem } from './webhook-address.ts';

const HOSTILE = '<!channel> <https://evil.example|click> *bold* `code` & \u001b[31m@here';

function question(id: string, text: string): NoticeItem {
  const state = { status: 'blocked', attempt: 1, on: { kind: 'question', text } } as const;
  const need = needOfTask({ id, title: 'T', state, updatedMs: 0 });
  const item = need === null ? null : noticeItem(need);
  if (item === null) throw new Error('a question is told');
  return item;
}

function parked(count: number, why = 'no retries left'): NoticeItem[] {
  return Array.from({ length: count }, (_, index) => {
    const commands = [`yard unpark T-${index}`];
    return { kind: 'parked', taskId: `T-${index}`, title: '', text: why, commands };
  });
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;

test('one message for a storm: counts of all, the first of them, questions before parked tasks', () => {
  const notice = makeNotice([...parked(500), question('T-900', 'which?')], 'shop', 7);
  expect(notice).toMatchObject({
    id: 'yard-7',
    title: 'shop: 1 question, 500 tasks parked',
    counts: { question: 1, parked: 500 },
    more: 491,
  });
  expect(notice.items.map(({ taskId }) => taskId).slice(0, 2)).toEqual(['T-900', 'T-0']);
  for (const shape of NOTICE_SHAPES) expect(shapeNotice(notice, shape).body).toContain('and 491 more');
});

describe('shapes', () => {
  const notice = makeNotice([question('T-1', HOSTILE)], 'shop', 7);

  test('slack: nobody is mentioned, nothing becomes a link', () => {
    const { body, headers } = shapeNotice(notice, 'slack');
    const { text } = JSON.parse(body) as { text: string };
    expect(headers).toEqual({ 'content-type': 'application/json' });
    expect(text).toBe(
      "*shop: 1 question*\nT-1 asks: &lt;!channel&gt; &lt;https://evil.example|click&gt; 'bold' 'code' &amp; @here\n" +
        '    `yard answer T-1 "…"`',
    );
  });

  test('ntfy: plain text, with what is short in headers, which hold ASCII', () => {
    const { body, headers } = shapeNotice(makeNotice([question('T-1', 'which?')], 'Läden', 7), 'ntfy');
    expect(body).toBe('T-1 asks: which?\n    $ yard answer T-1 "…"');
    const [, encoded = ''] = /^=\?UTF-8\?B\?(.+)\?=$/.exec(headers['title'] ?? '') ?? [];
    expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe('Läden: 1 question');
    expect(headers).toMatchObject({ priority: '4' });
    expect(shapeNotice(makeNotice(parked(1), 'shop', 7), 'ntfy').headers).toMatchObject({
      title: 'shop: 1 task parked',
      priority: '3',
    });
  });

  test('json: all of it as fields', () => {
    expect(JSON.parse(shapeNotice(notice, 'json').body)).toMatchObject({
      version: 1,
      id: 'yard-7',
      repository: 'shop',
      title: 'shop: 1 question',
      counts: { question: 1 },
      items: [{ kind: 'question', taskId: 'T-1', commands: ['yard answer T-1 "…"'] }],
      more: 0,
    });
  });

  test('none grows beyond what its receiver takes, and a cut one says so', () => {
    const huge = makeNotice(parked(500, 'ü'.repeat(400)), 'ü'.repeat(400), 7);
    expect(bytes(shapeNotice(huge, 'ntfy').body)).toBeLessThan(4096);
    expect(bytes(shapeNotice(huge, 'slack').body)).toBeLessThan(16_000);
    expect(desktopOf(huge).text.endsWith('…')).toBe(true);
    expect(bytes(desktopOf(huge).text)).toBeLessThan(420);
    expect(shapeNotice(huge, 'ntfy').headers['title']?.length).toBeLessThan(400);
  });
});

test.each([
  ['https://hooks.example/services/T0/B0/0123456789abcdef', null],
  ['http://127.0.0.1:8080', null],
  ['ftp://a.example/x', /http/],
  ['hooks.example/x', /http/],
  ['https://user:pass@a.example/x', /user or a password/],
  ['https://a b/x', /http/],
  ['', /http/],
])('%s as an address', (address, problem) => {
  if (problem === null) expect(webhookProblem(address)).toBeNull();
  else expect(webhookProblem(address)).toMatch(problem);
});

test('of an address the whole is secret, and a last part that is long enough to be a key', () => {
  expect(secretParts('https://h.example/a/0123456789abcdef')).toEqual([
    'https://h.example/a/0123456789abcdef',
    'h.example/a/0123456789abcdef',
    '0123456789abcdef',
  ]);
  expect(secretParts('https://ntfy.example/alerts')).not.toContain('alerts');
});
