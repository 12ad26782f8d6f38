import { describe, expect, test } from 'vitest';
import { readYaml } from './yaml.ts';

function problems(text: string): string[] {
  const result = readYaml(text);
  if (result.kind === 'ok') throw new Error(`was read: ${JSON.stringify(result.data).slice(0, 200)}`);
  return result.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

function data(text: string): unknown {
  const result = readYaml(text);
  if (result.kind === 'bad') throw new Error(JSON.stringify(result.problems));
  return result.data;
}

describe('what is read', () => {
  test('maps, lists and plain values of YAML 1.2', () => {
    expect(data('a: [1, two, yes, off, ~]\nb: { c: true }\n')).toEqual({
      a: [1, 'two', 'yes', 'off', null],
      b: { c: true },
    });
  });

  test('a byte order mark and CRLF change nothing', () => {
    expect(data('\uFEFFa: 1\r\nb:\r\n  - x\r\n')).toEqual({ a: 1, b: ['x'] });
  });

  test('an empty document is null', () => {
    expect(data('')).toBeNull();
    expect(data('# only a comment\n')).toBeNull();
  });

  test('aliases are followed, anchors that are used again included', () => {
    expect(data('a: &x [1]\nb: *x\nc: &x [2]\nd: *x\n')).toEqual({ a: [1], b: [1], c: [2], d: [2] });
  });

  test('maps have no prototype', () => {
    expect(Object.getPrototypeOf(data('a: 1'))).toBeNull();
  });

  test('a merge key is a key like any other', () => {
    expect(data('a: &x { q: 1 }\nb:\n  <<: *x\n')).toEqual({ a: { q: 1 }, b: { '<<': { q: 1 } } });
  });
});

describe('what is refused, with its place', () => {
  test.each<[string, string, string]>([
    ['syntax', 'a: 1\nb: [1, 2\nc: 3\n', '3:1: this is not YAML: flow sequence'],
    ['a tab as indentation', 'a:\n\tb: 1\n', '2:1: this is not YAML: tabs are not allowed as indentation'],
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', '3:1: the key "a" stands twice'],
    ['a duplicate key in a nested map', 'a:\n  b: 1\n  "b": 2\n', '3:3: the key "b" stands twice'],
    ['__proto__', 'a: 1\n__proto__: { admin: true }\n', '2:1: the key __proto__ is refused'],
    ['constructor', 'a:\n  constructor: 1\n', '2:3: the key constructor is refused'],
    ['prototype', '"prototype": 1\n', '1:1: the key prototype is refused'],
    ['a custom tag', 'a: 1\nb: !!js/function "x"\n', '2:4: the YAML tag "!!js/function" is refused'],
    ['a directive', '%YAML 1.1\n---\na: yes\n', '1:1: a YAML directive is refused'],
    ['a key that is a list', 'a: 1\n? [b]\n: 2\n', '2:3: a key must be text'],
    ['an alias of nothing', 'a: *b\n', '1:4: the alias *b names nothing above it'],
    ['an alias of what holds it', 'a: &b [*b]\n', '1:8: the alias *b names nothing above it'],
    ['infinity', 'a: 1\nb: .inf\n', '2:4: this is not a finite number'],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1: the file holds more than one YAML document'],
  ])('%s', (_name, text, start) => {
    expect(problems(text)[0]).toContain(start);
  });

  test('all duplicates are told, not only the first', () => {
    expect(problems('a: 1\na: 2\nb: 1\nb: 2\n')).toEqual([
      '2:1: the key "a" stands twice',
      '4:1: the key "b" stands twice',
    ]);
  });

  test('lines count from where the text starts in its file', () => {
    expect(readYaml('a: 1\na: 2\n', 11)).toMatchObject({ problems: [{ line: 12, column: 1 }] });
  });
});

// Each of these keeps an unbounded reader busy for seconds to hours.
describe('what would take long is refused before', () => {
  const mebibyte = 1024 * 1024;
  const bomb = Array.from({ length: 12 }, (_, level) => {
    const entry = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => entry).join(', ')}]\n`;
  }).join('');

  test.each<[string, string, string]>([
    ['an alias bomb', bomb, 'expands to too many values'],
    ['more than a mebibyte', `a: ${'x'.repeat(mebibyte)}`, 'larger than 1 MiB'],
    ['deep flow lists', '['.repeat(100_000), 'nested deeper than'],
    ['deep flow maps', '{a: '.repeat(100_000), 'nested deeper than'],
    ['deep block lists', '- '.repeat(100_000), 'nested deeper than'],
    ['deep explicit keys', '? '.repeat(100_000), 'nested deeper than'],
    [
      'deep block maps',
      Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join(''),
      'nested deeper than',
    ],
    ['many keys', Array.from({ length: 60_000 }, (_, index) => `k${index}: 1\n`).join(''), 'too many parts'],
    ['many commas', `a: [${','.repeat(500_000)}]`, 'too many parts'],
    ['many syntax errors', 'a: ]\n'.repeat(100_000), 'too many parts'],
    ['many comments', '#\n'.repeat(500_000), 'too many parts'],
  ])('%s', (_name, text, message) => {
    expect(problems(text)[0]).toContain(message);
  });
});

describe('placeOf', () => {
  const result = readYaml('a:\n  b:\n    - x\n    - y: 1\nc: &q { z: 1 }\nd: *q\n');
  test.each<[(string | number)[], { line: number; column: number } | null]>([
    [[], { line: 1, column: 1 }],
    [['a'], { line: 1, column: 1 }],
    [['a', 'b'], { line: 2, column: 3 }],
    [['a', 'b', 0], { line: 3, column: 7 }],
    [['a', 'b', 1, 'y'], { line: 4, column: 7 }],
    [['c', 'z'], { line: 5, column: 9 }],
    [['d', 'z'], { line: 6, column: 1 }],
    [['nope'], null],
    [['a', 'b', 5], null],
  ])('%j', (path, place) => {
    expect(result.kind === 'ok' && result.placeOf(path)).toEqual(place);
  });
});
