import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scopeViolations } from './scope-check.ts';
import { ScopeIndex } from './scope-index.ts';
import { isPlainPath, matches, mayMatch, overlaps, parsePattern, parsePatterns } from './scope.ts';
import type { Pattern } from './scope.ts';

const pattern = (text: string): Pattern => parsePatterns([text])[0] as Pattern;

/** Characters that are special, or that change their length or company when case or composition is folded. */
const character = fc.constantFrom(
  ...'abAB.[]+( '.split(''),
  'é',
  '\u0301',
  'ß',
  'İ',
  'Σ',
  'ς',
  'σ',
  'K',
  '\u200c',
  '日',
  '😀',
);

/** A pattern together with a path that it matches. */
interface Made {
  readonly text: string;
  readonly path: string;
}

const word = fc.string({ unit: character, minLength: 1, maxLength: 3 });
const literal: fc.Arbitrary<Made> = word.map((text) => ({ text, path: text }));
const segmentPart: fc.Arbitrary<Made> = fc.oneof(
  { weight: 3, arbitrary: literal },
  fc.string({ unit: character, maxLength: 3 }).map((path) => ({ text: '*', path })),
  fc.constantFrom('a', 'B', 'é', 'ß', '.').map((path) => ({ text: '?', path })),
  fc.tuple(literal, literal, fc.boolean()).map(([a, b, first]) => ({
    text: `{${a.text},${b.text}}`,
    path: first ? a.path : b.path,
  })),
);
const glue = (parts: readonly Made[], by: string): Made => ({
  text: parts.map(({ text }) => text).join(by),
  path: parts.map(({ path }) => path).join(by),
});
const segment = fc
  .array(segmentPart, { minLength: 1, maxLength: 3 })
  .map((parts) => glue(parts, ''))
  // Not a pattern of one segment, or not a path.
  .filter(({ text, path }) => !['', '.', '..'].includes(path) && !text.includes('**') && !/^\.|^[A-Za-z]:/.test(text));
const doubleStar = fc.array(
  word.filter((one) => !/^\.+$/.test(one)),
  { maxLength: 2 },
);
const made: fc.Arbitrary<Made> = fc
  .array(fc.oneof({ weight: 3, arbitrary: segment }, doubleStar), { minLength: 1, maxLength: 4 })
  .map((parts) => {
    const path = parts.flatMap((part) => (Array.isArray(part) ? part : [part.path]));
    return { text: parts.map((part) => (Array.isArray(part) ? '**' : part.text)).join('/'), path: path.join('/') };
  })
  .filter(({ text, path }) => path !== '' && text.trim() !== '' && parsePattern(text).kind === 'ok');

test('a pattern matches what was made to match it, folded too', () => {
  fc.assert(
    fc.property(made, ({ text, path }) => {
      expect(matches(pattern(text), path)).toBe(true);
      expect(mayMatch(pattern(text), path)).toBe(true);
      expect(
        mayMatch(
          pattern(text),
          path.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
        ),
      ).toBe(true);
      expect(mayMatch(pattern(text), path.normalize('NFD'))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

describe('overlaps', () => {
  /** Another pattern for the same path: each segment kept, or made wilder. */
  const wilder = (path: string): fc.Arbitrary<string> =>
    fc
      .tuple(
        ...path
          .split('/')
          .map((one) =>
            fc.constantFrom(
              one.replace(/[{},*?]/g, '?'),
              '*',
              '**',
              `${one.slice(0, 1).replace(/[\ud800-\udbff]/, '*')}*`,
              `*${one.slice(-1).replace(/[\udc00-\udfff]/, '*')}`,
              one.replace(/[\s\S]/g, '?'),
            ),
          ),
      )
      .map((parts) => parts.join('/'))
      .filter((text) => parsePattern(text).kind === 'ok' && text.trim() !== '' && matches(pattern(text), path));

  test('is true when a path matches both', () => {
    const pair = made.chain(({ text, path }) => fc.tuple(fc.constant(text), wilder(path), fc.constant(path)));
    fc.assert(
      fc.property(pair, ([a, b]) => overlaps(pattern(a), pattern(b))),
      { numRuns: 1_000 },
    );
  });

  test('is true for a path and what lies below or above it', () => {
    fc.assert(
      fc.property(made, fc.array(segment, { minLength: 1, maxLength: 2 }), (a, more) => {
        const below = `${a.text}/${glue(more, '/').text}`;
        fc.pre(parsePattern(below).kind === 'ok');
        expect(overlaps(pattern(a.text), pattern(below))).toBe(true);
      }),
    );
  });

  test('is symmetric and reflexive, and case is nothing to it', () => {
    fc.assert(
      fc.property(made, made, ({ text: a }, { text: b }) => {
        expect(overlaps(pattern(a), pattern(b))).toBe(overlaps(pattern(b), pattern(a)));
        expect(overlaps(pattern(a), pattern(a))).toBe(true);
        expect(overlaps(pattern(a), pattern(b))).toBe(
          overlaps(pattern(a.replace(/[A-Z]/g, (letter) => letter.toLowerCase())), pattern(b)),
        );
      }),
      { numRuns: 500 },
    );
  });

  /** All paths of up to five of three names; enough for a witness for any two patterns of the alphabet below. */
  const names = ['a', 'b', 'ab'];
  const paths = names.slice();
  for (let from = 0, depth = 1; depth < 5; depth += 1) {
    const to = paths.length;
    for (; from < to; from += 1) for (const name of names) paths.push(`${paths[from]}/${name}`);
  }
  const smallPattern = fc
    .array(fc.constantFrom('a', 'b', 'ab', '*', '?', 'a*', '*b', '?b', '{a,ab}', '**'), { minLength: 1, maxLength: 2 })
    .map((segments) => segments.join('/'));

  test('says what comparing all paths says', () => {
    fc.assert(
      fc.property(smallPattern, smallPattern, (a, b) => {
        const left = paths.filter((path) => matches(pattern(a), path));
        const right = paths.filter((path) => matches(pattern(b), path));
        const above = (set: readonly string[]): Set<string> =>
          new Set(set.flatMap((path) => path.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'))));
        const [leftAbove, rightAbove] = [above(left), above(right)];
        const brute = left.some((path) => rightAbove.has(path)) || right.some((path) => leftAbove.has(path));
        expect(overlaps(pattern(a), pattern(b)), `${a} and ${b}`).toBe(brute);
      }),
      { numRuns: 300 },
    );
  });
});

test('the index finds an overlap exactly when comparing every pair does', () => {
  const text = fc.oneof(
    made.map((one) => one.text),
    fc
      .array(fc.constantFrom('a', 'B', 'b', 'ab', '*', 'a*', '**', '{a,b}'), { minLength: 1, maxLength: 3 })
      .map((s) => s.join('/')),
  );
  const texts = fc.array(text, { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 6 }), texts, (holders, ours) => {
      const index = new ScopeIndex();
      holders.forEach((theirs, at) => index.add(`T-${at}`, parsePatterns(theirs)));
      const met = index.firstOverlap(parsePatterns(ours));
      const brute = holders.flatMap((theirs, at) =>
        theirs.flatMap((one) =>
          ours
            .filter((mine) => overlaps(pattern(one), pattern(mine)))
            .map((mine) => ({ holder: `T-${at}`, theirs: one, ours: mine })),
        ),
      );
      if (met === null) assert.equal(brute.length, 0);
      else expect(brute).toContainEqual(met);
      // What is said to be far from everything is so.
      for (const one of ours.filter((candidate) => isPlainPath(candidate) && index.isFarFrom(candidate))) {
        assert.equal(index.firstOverlap([pattern(one)]), null);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('two tasks whose scopes do not overlap can never both change a path', () => {
  const scope = fc.array(made, { minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(scope, scope, (a, b) => {
      const [left, right] = [a, b].map((all) => all.map(({ text }) => text)) as [string[], string[]];
      const met = parsePatterns(left).some((one) => parsePatterns(right).some((other) => overlaps(one, other)));
      if (met) return;
      for (const { path } of [...a, ...b]) {
        const allowed = [left, right].filter((owns) => scopeViolations({ owns, forbids: [] }, [path]).length === 0);
        assert.ok(allowed.length <= 1, path);
      }
    }),
    { numRuns: 500 },
  );
});
