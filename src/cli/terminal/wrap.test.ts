import { expect, test } from 'vitest';

import { wrapLine, wrapText } from './wrap.ts';

test('breaks between words', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapText('漢字 漢字 漢字', 9)).toEqual(['漢字 漢字', '漢字']);
});

test('breaks a word that is longer than a line', () => {
  expect(wrapText('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
  expect(wrapText('漢字漢', 1)).toEqual(['漢', '字', '漢']);
});

test('leaves a text that fits as it is', () => {
  expect(wrapText('', 5)).toEqual(['']);
  expect(wrapText('a  b', Infinity)).toEqual(['a  b']);
  expect(wrapLine('  a  b', 6)).toEqual(['  a  b']);
});

test('a line goes on below, indented, with long words whole', () => {
  expect(wrapLine('  it waits for RUN-1 to land', 16)).toEqual(['  it waits for', '    RUN-1 to', '    land']);
  expect(wrapLine('all of it in /a/path/that/is/long now', 12)).toEqual([
    'all of it in',
    '  /a/path/that/is/long',
    '  now',
  ]);
  expect(wrapLine('\u001b[31mred and\u001b[39m plain', 8)).toEqual(['\u001b[31mred and\u001b[39m', '  plain']);
  expect(wrapLine('   /a/path/that/is/long', 12)).toEqual(['   /a/path/that/is/long']);
});
