import { expect, test } from 'vitest';

import { wrapText } from './wrap.ts';

test('breaks between words', () => {
  expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
});

test('breaks a word that is longer than a line', () => {
  expect(wrapText('abcdefgh ij', 3)).toEqual(['abc', 'def', 'gh', 'ij']);
});

test('leaves a text that fits as it is', () => {
  expect(wrapText('', 5)).toEqual(['']);
  expect(wrapText('a  b', Infinity)).toEqual(['a  b']);
});
