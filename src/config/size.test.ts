import { expect, test } from 'vitest';
import { parseSize } from './size.ts';

test.each([
  ['0', 0],
  ['512', 512],
  ['500MB', 500_000_000],
  ['2GiB', 2 * 1024 ** 3],
  ['1kB', 1000],
  ['1KiB', 1024],
])('%s are %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', '-1', '1.5GiB', '2 GiB', '2G', '2gib', '999999999999TiB'])('%j is refused', (text) => {
  expect(parseSize(text)).toBeNull();
});
