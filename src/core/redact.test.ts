import { expect, test } from 'vitest';
import { makeRedactor } from './redact.ts';
import type { SecretFinder } from './redact.ts';
import { unfitSecret } from './secret-forms.ts';

const CANARY = { name: 'CANARY', value: 'c4nary/"bird"+öne two' };
const TOKEN = { name: 'TOKEN', value: 'tok-0123456789abcdef' };

test.each([
  ['as it is', CANARY.value],
  ['in JSON', JSON.stringify(CANARY.value).slice(1, -1)],
  ['in JSON inside of JSON', JSON.stringify(JSON.stringify(CANARY.value)).slice(3, -3)],
  ['in JSON of PHP', JSON.stringify(CANARY.value).slice(1, -1).replaceAll('/', '\\/')],
  ['in JSON of Python', JSON.stringify(CANARY.value).slice(1, -1).replaceAll('ö', '\\u00f6')],
  ['in JSON of PHP, all of it', 'c4nary\\/\\"bird\\"+\\u00f6ne two'],
  ['in a URL', encodeURIComponent(CANARY.value)],
  ['in a URL, lower case', encodeURIComponent(CANARY.value).replace(/%../g, (code) => code.toLowerCase())],
  ['in a form', encodeURIComponent(CANARY.value).replaceAll('%20', '+')],
  ['in hexadecimal', Buffer.from(CANARY.value).toString('hex')],
  ['as bytes of UTF-8', Buffer.from(CANARY.value).toString('latin1')],
])('a named secret is replaced %s', (_, form) => {
  const redactor = makeRedactor([CANARY, TOKEN]);
  expect(redactor.text(`before ${form}, after`)).toBe('before [redacted:CANARY], after');
});

test.each([0, 1, 2, 3, 4, 5])('a named secret is replaced in base64, %i bytes after its beginning', (shift) => {
  const redactor = makeRedactor([CANARY]);
  const data = Buffer.concat([Buffer.alloc(shift, 'x'), Buffer.from(CANARY.value), Buffer.from('the rest')]);
  for (const encoding of ['base64', 'base64url'] as const) {
    expect(redactor.text(data.toString(encoding))).toContain('[redacted:CANARY]');
    expect(redactor.text(data.toString(encoding)).length).toBeLessThan(data.toString(encoding).length);
  }
  const wrapped = data.toString('base64').replace(/.{16}/g, '$&\n');
  expect(redactor.text(wrapped)).toContain('[redacted:CANARY]');
});

test('secrets that overlap are both gone', () => {
  const redactor = makeRedactor([
    { name: 'ONE', value: 'abcdefgh-12345678' },
    { name: 'TWO', value: '12345678-ijklmnop' },
  ]);
  expect(redactor.text('<abcdefgh-12345678-ijklmnop>')).toBe('<[redacted:ONE]>');
});

test('the longer of two secrets that begin alike gives the name', () => {
  const redactor = makeRedactor([
    { name: 'SHORT', value: 'abcdefgh' },
    { name: 'LONG', value: 'abcdefgh-12345678' },
  ]);
  expect(redactor.text('abcdefgh abcdefgh-12345678')).toBe('[redacted:SHORT] [redacted:LONG]');
});

test('the lines of a value of many lines are replaced where they stand alone, and prove nothing', () => {
  const redactor = makeRedactor([{ name: 'KEY', value: '-----BEGIN X-----\nAAAABBBBCCCCDDDD1\n-----END X-----\n' }]);
  expect(redactor.text('+AAAABBBBCCCCDDDD1')).toBe('+[redacted:KEY]');
  expect(redactor.text('-----BEGIN X-----')).toBe('-----BEGIN X-----');
  expect(redactor.find('AAAABBBBCCCCDDDD1')).toMatchObject([{ kind: 'part-of-named' }]);
});

test.each(['', 'true', 'abc1234', 'production', 'xxxxxxxxxxxx', '  short  '])('%j is no value to look for', (value) => {
  expect(unfitSecret(value)).not.toBeNull();
  expect(makeRedactor([{ name: 'UNFIT', value }]).text(`it is ${value}, says production`)).toBe(
    `it is ${value}, says production`,
  );
});

test('what is learned later is replaced from then on, in a stream that is open too', () => {
  const redactor = makeRedactor([]);
  const stream = redactor.stream();
  expect(stream.push(`${TOKEN.value}\n`)).toBe(`${TOKEN.value}\n`);
  redactor.know([TOKEN]);
  expect(stream.push(`${TOKEN.value}\n`)).toBe('[redacted:TOKEN]\n');
});

test('lines are given out as they end; a line that may end within a secret is not', () => {
  const stream = makeRedactor([{ name: 'KEY', value: 'first line\nsecond line' }]).stream();
  expect(stream.push('one\ntw')).toBe('one\n');
  expect(stream.push('o\n')).toBe('two\n');
  expect(stream.push('x first line\n')).toBe('x ');
  expect(stream.push('second line\n') + stream.end()).toBe('[redacted:KEY]\n');
});

const capitals: SecretFinder = (text) =>
  [...text.matchAll(/KEY-[A-Z]{8}/g)].map(({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
    label: 'rule',
    kind: 'rule' as const,
  }));

test('what rules find is replaced across chunks, in lines without an end too', () => {
  const line = `${'x'.repeat(200_000)} KEY-ABCDEFGH ${'y'.repeat(200_000)}`;
  const stream = makeRedactor([], capitals).stream();
  let given = '';
  let heldMax = 0;
  for (let at = 0; at < line.length; at += 1000) {
    given += stream.push(line.slice(at, at + 1000));
    heldMax = Math.max(heldMax, Math.min(at + 1000, line.length) - given.length);
  }
  given += stream.end();
  expect(given).toBe(line.replace('KEY-ABCDEFGH', '[redacted:rule]'));
  expect(heldMax).toBeLessThan(70_000);
});

test('a private key that has begun is held back until it ends, and no longer than 16 KiB', () => {
  const stream = makeRedactor([]).stream();
  expect(stream.push('a\n-----BEGIN RSA PRIVATE KEY-----\nMII\n')).toBe('a\n');
  let given = stream.push(`-----END RSA PRIVATE KEY-----\n${'.'.repeat(2000)}\n`);
  expect(given).toMatch(/^-----BEGIN[^]*\.\n$/);
  given = '';
  for (let lines = 0; lines < 3000; lines += 1) given += stream.push('-----BEGIN RSA PRIVATE KEY-----\n');
  expect(given.length).toBeGreaterThan(0);
});
