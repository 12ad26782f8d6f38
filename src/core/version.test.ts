import { expect, test } from 'vitest';
import { isVersion } from './version.ts';

test.each(['0.1.0', '1.2.3', '10.20.30', '1.0.0-rc.1', '1.0.0-alpha', '1.0.0-0'])('%s is a version', (text) => {
  expect(isVersion(text)).toBe(true);
});

test.each([
  '',
  '1',
  '1.2',
  'v1.2.3',
  '1.2.3.4',
  '01.2.3',
  '^1.2.3',
  'latest',
  '1.2.3-',
  '1.2.3-..',
  '1.2.3-a/../b',
  '../1.2.3',
  '1.2.3/..',
  '1.2.3\n',
  ' 1.2.3',
  '1.2.3+build',
  '--prefix=x',
  'file:../evil',
  `1.2.${'9'.repeat(40)}`,
])('%j is none', (text) => {
  expect(isVersion(text)).toBe(false);
});
