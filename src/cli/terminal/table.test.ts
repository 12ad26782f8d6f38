import { expect, test } from 'vitest';

import { renderRows, renderTable, tableRows } from './table.ts';

const ROWS = [
  ['RUN-1', 'running', 'implementing for a while'],
  ['漢字', 'ready', 'RUN-1 holds a/, which overlaps a/**/*.ts, until it has landed'],
  ['A-1', 'landed', ''],
];

test('with room for the last column it is cut at the width', () => {
  expect(renderTable(ROWS, 44)).toEqual([
    'RUN-1  running  implementing for a while',
    '漢字   ready    RUN-1 holds a/, which overl…',
    'A-1    landed',
  ]);
});

test('without, it stands below', () => {
  expect(tableRows(ROWS, 32)).toEqual([
    ['RUN-1  running', '  implementing for a while'],
    ['漢字   ready', '  RUN-1 holds a/, which overlaps', '    a/**/*.ts, until it has', '    landed'],
    ['A-1    landed'],
  ]);
  expect(renderTable([['a-very-long-id', 'running', 'why']], 10)).toEqual(['a-very-lo…', '  why']);
});

test('a row of a frame is one line at any width', () => {
  expect(renderRows(ROWS, 20)).toEqual(['RUN-1  running  imp…', '漢字   ready    RUN…', 'A-1    landed']);
  expect(renderRows([], 20)).toEqual([]);
});
