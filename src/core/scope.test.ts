import { describe, expect, test } from 'vitest';
import { isPlainPath, literalPrefixes, matches, mayMatch, overlaps, parsePattern, parsePatterns } from './scope.ts';
import type { Pattern } from './scope.ts';

const pattern = (text: string): Pattern => parsePatterns([text])[0] as Pattern;
const match = (text: string, path: string): boolean => matches(pattern(text), path);
const meet = (a: string, b: string): boolean => overlaps(pattern(a), pattern(b));

describe('a pattern is refused', () => {
  test.each([
    ['', 'is empty'],
    ['  \t', 'is empty'],
    ['a'.repeat(501), 'is longer than 500 characters'],
    ['a\nb', 'has a control character'],
    ['a\u007f', 'has a control character'],
    ['\u0000', 'has a control character'],
    ['src\\a.ts', 'has a backslash; separate segments with /'],
    ['/etc/passwd', 'is absolute; patterns are relative to the repository'],
    ['C:/x', 'is absolute; patterns are relative to the repository'],
    ['c:x', 'is absolute; patterns are relative to the repository'],
    ['!src/a', 'is negated; say what is forbidden in forbids'],
    ['..', 'leads out of the repository'],
    ['a/../b', 'leads out of the repository'],
    ['./../b', 'leads out of the repository'],
    ['{a,..}/b', 'leads out of the repository'],
    ['a//b', 'has an empty segment'],
    ['a/./b', 'has an empty segment'],
    ['{a,/etc}', 'has an empty segment'],
    ['{a', 'has braces that do not match'],
    ['a}', 'has braces that do not match'],
    ['}a{', 'has braces that do not match'],
    ['{a,{b}', 'has braces that do not match'],
    ['{a,b}}', 'has braces that do not match'],
    ['{'.repeat(250), 'has braces that do not match'],
    ['{src,}', 'has an empty alternative, which would be the whole repository'],
    ['{}', 'has an empty alternative, which would be the whole repository'],
    ['{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}', 'has more than 64 alternatives'],
    ['{a,b}'.repeat(100), 'has more than 64 alternatives'],
    [`{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}${'*a'.repeat(200)}`, 'is too long with its alternatives written out'],
  ])('%j', (text, why) => {
    expect(parsePattern(text)).toEqual({ kind: 'bad', why });
  });

  test('and reading it as checked throws', () => {
    expect(() => parsePatterns(['src', 'a//b'])).toThrow('the pattern "a//b" has an empty segment');
  });
});

test('sixty-four alternatives are allowed', () => {
  expect(parsePattern('{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}').kind).toBe('ok');
});

describe('matches', () => {
  test.each([
    // Without wildcards: the file, or all below the directory.
    ['src', 'src'],
    ['src', 'src/a/b.ts'],
    ['src/', 'src/a'],
    ['./src', 'src/a'],
    ['././src/', 'src/a'],
    ['README.md', 'README.md'],
    ['.', 'any/thing'],
    ['./', '.hidden'],
    // Wildcards within a segment.
    ['src/*.ts', 'src/a.ts'],
    ['src/*.ts', 'src/.ts'],
    ['src/?.ts', 'src/a.ts'],
    ['*', '.env'],
    ['src/*/', 'src/a/b/c'],
    ['a*b*c', 'aXbbYc'],
    ['a**b', 'axxb'],
    // Any number of segments.
    ['**', 'a'],
    ['**', '.github/workflows/ci.yaml'],
    ['**/a', 'a'],
    ['**/a', 'x/y/a'],
    ['src/**', 'src/a/b'],
    ['src/**/a', 'src/a'],
    ['src/**/a', 'src/x/y/a'],
    ['**/**/a', 'x/a'],
    ['**/test/**', 'x/test/y/z'],
    // Alternatives.
    ['src/{a,b}.ts', 'src/b.ts'],
    ['{src,test}', 'test/x/y'],
    ['{a,{b,c}d}/e', 'cd/e'],
    ['a{,.test}.ts', 'a.ts'],
    ['a{,.test}.ts', 'a.test.ts'],
    ['{a,b/}', 'b/c'],
    ['{a*,b}', 'b/c'],
    ['{a}', 'a'],
    // Everything else is literal.
    ['app/[id]/page.tsx', 'app/[id]/page.tsx'],
    ['app/(group)/$x+y.ts', 'app/(group)/$x+y.ts'],
    ['a b/c', 'a b/c'],
    ['größe/日本', 'größe/日本/x'],
  ])('%s: %s', (text, path) => {
    expect(match(text, path)).toBe(true);
    expect(mayMatch(pattern(text), path)).toBe(true);
  });

  test.each([
    ['src', 'src2'],
    ['src', 'lib/src'],
    ['src/a', 'src'],
    ['src/*', 'src/a/b'],
    ['src/*', 'src'],
    ['src/*.ts', 'src/a/b.ts'],
    ['*.ts', 'src/a.ts'],
    ['?', ''],
    ['?', 'ab'],
    ['a?c', 'a/c'],
    ['a*c', 'a/c'],
    ['a**c', 'a/b/c'],
    ['**/a', 'x/ab'],
    ['**/a/*', 'a'],
    ['{a*,b}', 'ac/d'],
    ['{a,b}c', 'c'],
    ['app/[id]/page.tsx', 'app/i/page.tsx'],
    ['a.ts', 'axts'],
    ['(a|b)', 'a'],
  ])('%s: not %s', (text, path) => {
    expect(match(text, path)).toBe(false);
    expect(mayMatch(pattern(text), path)).toBe(false);
  });

  test('tells case apart; what may be the same file on some system is told by mayMatch', () => {
    for (const [text, path] of [
      ['.yard/**', '.YARD/config.yaml'],
      ['**/CLAUDE.md', 'sub/Claude.MD'],
      ['caf\u00e9', 'cafe\u0301/x'],
      ['stra\u00dfe', 'STRASSE'],
      ['\u03a3\u03a3', '\u03c3\u03c2'],
      ['.yard', '.ya\u200crd/x'],
      ['\u212a', 'k'],
      ['a?', 'a\u00df'],
      ['a??', 'a\u00df'],
    ] as const) {
      expect(mayMatch(pattern(text), path), `${text}: ${path}`).toBe(true);
    }
    expect(match('.yard/**', '.YARD/config.yaml')).toBe(false);
    expect(mayMatch(pattern('.yard/**'), '.yard2/config.yaml')).toBe(false);
  });
});

describe('overlaps', () => {
  test.each([
    ['src/a.ts', 'src/a.ts'],
    ['src', 'src/a.ts'],
    ['src/a', 'src/*'],
    ['src/*.ts', 'src/a.*'],
    ['src/a*', 'src/*b'],
    ['src/?', 'src/*'],
    ['**', 'README.md'],
    ['.', 'src/*'],
    ['{a,b}', '{b,c}'],
    ['SRC/A.ts', 'src/a.TS'],
    ['caf\u00e9/x', 'cafe\u0301'],
    // The ancestor rule: what is a file for the one may be a directory for the other.
    ['src/*', 'src/a/b/c.ts'],
    ['src/*.d', 'src/x.d/**'],
    ['**/a', 'b'],
    // `?` is one character, and folding makes one two.
    ['?', 'stra\u00dfe'.slice(4, 5)],
    ['\u0130*', '?x'],
    ['*\u03a3', 'A\u03a3'],
  ])('%s and %s', (a, b) => {
    expect(meet(a, b)).toBe(true);
    expect(meet(b, a)).toBe(true);
  });

  test.each([
    ['src/a.ts', 'src/b.ts'],
    ['src', 'src2'],
    ['src/*.ts', 'src/*.md'],
    ['src/a*', 'src/b*'],
    ['src/?', 'src/ab'],
    ['src/**', 'test/**'],
    ['src/**/a.ts', 'lib/**'],
    ['{a,b}', '{c,d}'],
    ['app/[id]', 'app/i'],
    ['\u00e4', 'b'],
  ])('%s and not %s', (a, b) => {
    expect(meet(a, b)).toBe(false);
    expect(meet(b, a)).toBe(false);
  });
});

test('the literal prefixes are folded and end before the first wildcard', () => {
  expect(literalPrefixes(pattern('SRC/{a,B/c*}/d'))).toEqual([
    ['src', 'a', 'd'],
    ['src', 'b'],
  ]);
  expect(literalPrefixes(pattern('**/a'))).toEqual([[]]);
});

// With a search that tries again from every star, none of these would end.
describe('no pattern takes exponential time', () => {
  const stars = `${'*a'.repeat(200)}*b`;
  const doubleStars = `${'**/'.repeat(30)}x`;

  test('many stars in a segment', () => {
    expect(match('*a*a*a*a*b', 'a'.repeat(4_000))).toBe(false);
    expect(match(stars, 'a'.repeat(4_000))).toBe(false);
    expect(match(stars, `${'a'.repeat(4_000)}b`)).toBe(true);
    expect(meet(stars, `${'*a'.repeat(200)}*c`)).toBe(false);
  });

  test('many double stars', () => {
    expect(match(doubleStars, `${'a/'.repeat(500)}y`)).toBe(false);
    expect(match(doubleStars, `${'a/'.repeat(500)}x`)).toBe(true);
    expect(match(`${'**/a/'.repeat(30)}x`, `${'a/'.repeat(500)}y`)).toBe(false);
    expect(meet(`a/${doubleStars}`, `b/${'**/'.repeat(30)}y`)).toBe(false);
    expect(meet(`${'**/a/'.repeat(30)}x`, `${'b/**/'.repeat(30)}y`)).toBe(true);
  });

  test('as many alternatives as are allowed', () => {
    const most = `{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}${'*a'.repeat(57)}`;
    expect(meet(`${most}b`, `${most}c`)).toBe(false);
  });
});

test('a plain path is read as any other pattern is', () => {
  for (const text of ['a', 'src/Main.ts', 'a-b/c_d/e.f.g', 'a..b/c.', '1/2']) {
    expect(isPlainPath(text)).toBe(true);
    // The same pattern, written so that it is read the long way.
    const long = parsePattern(`./${text}`);
    expect(parsePattern(text)).toEqual(long.kind === 'ok' ? { ...long, pattern: { ...long.pattern, text } } : null);
  }
  for (const text of [
    '',
    '.',
    '..',
    'a/',
    'a//b',
    '/a',
    'a/..',
    './a',
    '.github',
    'a b',
    'é',
    '*',
    'a/{b,c}',
    'C:/x',
  ]) {
    expect(isPlainPath(text)).toBe(false);
  }
  expect(isPlainPath('a'.repeat(501))).toBe(false);
});
