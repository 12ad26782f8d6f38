import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from './json.ts';

test('what JSON.parse reads is read the same, and what it refuses is refused', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-0.5e3',
    'true',
    'null',
    ' ',
    '\n',
    '"\\u00e9"',
    '01',
    "'",
  );
  const text = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, (json) => {
      let expected: unknown;
      try {
        expected = JSON.parse(json);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
        expect(readJson(json).kind).toBe('bad');
        return;
      }
      const result = readJson(json);
      // Nothing is lost silently: a key that stands twice is refused, and so are names that reach a prototype.
      if (result.kind === 'bad')
        expect(result.problems[0]?.message).toMatch(/stands twice|is refused|number is too large/);
      else expect(result.data).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test('places count from 1, and name the key of an entry', () => {
  const result = readJson('[\n  {"a": 1,\n   "b": [true, "x"]}\n]', 5);
  if (result.kind === 'bad') throw new Error('it was refused');
  expect(result.placeOf([0])).toEqual({ line: 6, column: 3 });
  expect(result.placeOf([0, 'b'])).toEqual({ line: 7, column: 4 });
  expect(result.placeOf([0, 'b', 1])).toEqual({ line: 7, column: 16 });
  expect(result.placeOf([1])).toBeNull();
});

test.each<[string, string, string]>([
  ['a comma too many', '[1,\n2,]', '2:3: this is not JSON: nothing stands behind the last comma'],
  ['an open text', '{"a": "b', '1:7: this is not JSON: a text is not closed'],
  ['an end too early', '{"a":', '1:6: this is not JSON: it ends too early'],
  ['two values', '1 2', '1:3: this is not JSON: something stands behind'],
  ['a key twice', '{"a": 1, "a": 2}', '1:10: the key "a" stands twice'],
  ['a prototype', '{"__proto__": {}}', '1:2: the key __proto__ is refused'],
  ['a deep nest', '['.repeat(100_000), '1:52: the JSON is nested deeper than 50 levels'],
  ['very many values', `[${'[],'.repeat(1_000_000)}1]`, 'the JSON has more than 1000000 values'],
  ['a huge number', '1e999', 'the number is too large'],
])('%s is refused with its place', (_name, text, message) => {
  const result = readJson(text);
  const [problem] = result.kind === 'bad' ? result.problems : [];
  expect(`${problem?.line}:${problem?.column}: ${problem?.message}`).toContain(message);
});
