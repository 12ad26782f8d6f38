import { expect, test } from 'vitest';
import { findConflict, forbidsAllOf } from './scope-conflict.ts';

test.each([
  ['src', 'src'],
  ['src', 'src/a.ts'],
  ['src/', 'src/a/'],
  ['src/**', 'src'],
  ['src/**', 'src/**'],
  ['**', 'anything/*.ts'],
  ['src/*.ts', 'src/a.ts'],
  ['src/*.ts', 'src/a*.ts'],
  ['**/*.md', 'docs/**/*.md'],
  ['src/{a,b}', 'src/a'],
  ['{src,docs}/**', '{src,docs}/x/'],
  ['*', 'README.md'],
])('%s leaves nothing of %s', (forbidden, owned) => {
  expect(forbidsAllOf(forbidden, owned)).toBe(true);
});

test.each([
  ['src/a.ts', 'src'],
  ['src/*', 'src/app'],
  ['src/*', 'src/'],
  ['src/*', 'src/**'],
  ['**/*.test.ts', 'src'],
  ['src/**/x', 'src'],
  ['src/a*', 'src/*'],
  ['src/?', 'src/*'],
  ['docs', 'src'],
  ['src/a', 'src/{a,b}'],
  ['src/**/deep/**', 'src/**'],
])('%s leaves something of %s', (forbidden, owned) => {
  expect(forbidsAllOf(forbidden, owned)).toBe(false);
});

test('a file of nothing but long patterns is let through rather than compared for minutes', () => {
  const long = (name: string) => Array.from({ length: 200 }, (_, index) => `${'**/a/'.repeat(90)}${name}${index}`);
  expect(findConflict(long('x'), long('z'))).toBeNull();
});

test('the pair that conflicts is told', () => {
  expect(findConflict(['a', 'src/x.ts'], ['b', 'src/**'])).toEqual({ own: 'src/x.ts', forbid: 'src/**' });
});
