import { expect, test } from 'vitest';

import { columnsOf, cutTo, fitting } from './columns.ts';

test('counts what a terminal shows', () => {
  expect(columnsOf('plain text')).toBe(10);
  expect(columnsOf('─ … ★')).toBe(5);
  expect(columnsOf('漢字 ｶ ﬁ 한')).toBe(11);
  expect(columnsOf('a🚂b')).toBe(4);
  expect(columnsOf('e\u0301')).toBe(1);
  expect(columnsOf('\u001b[2mdim\u001b[22m')).toBe(3);
});

test('cuts at a width', () => {
  expect(cutTo('漢字漢字', 8)).toBe('漢字漢字');
  expect(cutTo('漢字漢字', 7)).toBe('漢字漢…');
  expect(cutTo('漢字漢字', 6)).toBe('漢字…');
  expect(cutTo('plain', 3)).toBe('pl…');
  expect(fitting('a🚂b', 2)).toBe(1);
  expect(fitting('\u001b[2mdim\u001b[22m', 2)).toBe(6);
});
