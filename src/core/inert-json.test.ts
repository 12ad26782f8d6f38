import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inertJson } from './inert-json.ts';

const LIVE = /\p{Cc}|[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\u001b',
      '\u009b',
      '\u007f',
      '\u202e',
      '\u2028',
      '\u200b',
      '\u{e0041}',
      '\u{e0101}',
      '\\',
      '"',
      '😀',
    ),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
});

test('JSON says the same as before, and holds nothing that acts', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), hostile, (value, text) => {
      const json = JSON.stringify({ value, [text]: [text] });
      const safe = inertJson(json);
      expect(safe).not.toMatch(LIVE);
      expect(JSON.parse(safe)).toEqual(JSON.parse(json));
      expect(inertJson(safe)).toBe(safe);
    }),
  );
});

test('what is only text stays as it is', () => {
  const json = JSON.stringify({ text: 'Grüße, 世界, 😀, e\u0301, a\u200db' });
  expect(inertJson(json)).toBe(json);
});
