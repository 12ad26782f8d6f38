import { expect, test } from 'vitest';
import { makeRedactor } from './redact.ts';
import { redactJson } from './redact-json.ts';

const VALUE = 'a "quoted" s3cret';
const redactor = makeRedactor([{ name: 'KEY', value: VALUE }], (text) =>
  [...text.matchAll(/from.*to/g)].map(({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
    label: 'rule',
    kind: 'rule' as const,
  })),
);
const redact = (text: string): string => redactJson(text, (part) => redactor.text(part));

test('texts and keys are redacted, wherever they stand', () => {
  const value = { list: [1, VALUE, { [VALUE]: `x ${VALUE}` }], none: null, yes: true };
  expect(JSON.parse(redact(JSON.stringify(value)))).toEqual({
    list: [1, '[redacted:KEY]', { '[redacted:KEY]': 'x [redacted:KEY]' }],
    none: null,
    yes: true,
  });
});

test('what a rule would match from one text into the next leaves the structure whole', () => {
  const text = JSON.stringify({ a: 'from', b: 'to', c: 'from here to end' });
  expect(JSON.parse(redact(text))).toEqual({ a: 'from', b: 'to', c: '[redacted:rule] end' });
});

test('what needs nothing, and what is no JSON, stays as it is written', () => {
  expect(redact('{ "a":  1 }')).toBe('{ "a":  1 }');
  expect(redact(`{"a": ${VALUE}`)).toBe('{"a": [redacted:KEY]');
});

test('what is nested deeper than can be walked is redacted as it stands', () => {
  const deep = `${'['.repeat(20_000)}${JSON.stringify(VALUE)}${']'.repeat(20_000)}`;
  expect(redact(deep)).not.toContain('s3cret');
});
