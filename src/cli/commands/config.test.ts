import { expect, test } from 'vitest';
import type { ConfigEntry } from '../../config/entries.ts';
import { pickEntries, renderEntries } from './config.ts';

const entry = (key: string, value: ConfigEntry['value'], origin: ConfigEntry['origin'] = { kind: 'default' }) => ({
  key,
  value,
  origin,
});

const ENTRIES = [
  entry('target', 'agent/integration', { kind: 'file', file: '.yard/config.yaml', line: 3, column: 1 }),
  entry('gates.default.run', `npm test${' -- --all'.repeat(20)}`),
  entry('gates.default.timeout', undefined),
  entry('limits.concurrent', 8, { kind: 'environment', variable: 'YARD_LIMITS_CONCURRENT' }),
];
const keys = (key?: string): string[] => pickEntries(ENTRIES, key).map((each) => each.key);

test('a key picks itself, a group all under it; without one what is not set is left out', () => {
  expect(keys()).toEqual(['target', 'gates.default.run', 'limits.concurrent']);
  expect(keys('limits')).toEqual(['limits.concurrent']);
  expect(keys('gates.default')).toEqual(['gates.default.run', 'gates.default.timeout']);
  expect(keys('gates.default.timeout')).toEqual(['gates.default.timeout']);
});

test.each([
  ['limit', 'limits'],
  ['limits.concurent', 'limits.concurrent'],
  ['gates.defualt', 'gates.default'],
])('for the unknown key %s the nearest is named', (typed, near) => {
  expect(() => keys(typed)).toThrow(
    expect.objectContaining({ code: 'unknown-key', hint: expect.stringContaining(`Did you mean ${near}?`) }),
  );
});

test('no line is wider than the terminal, and each says its origin', () => {
  const lines = renderEntries(ENTRIES, 70);
  expect(lines.every((line) => line.length <= 70)).toBe(true);
  expect(lines[0]).toMatch(/^target +agent\/integration +\.yard\/config\.yaml:3$/);
  expect(lines[1]).toMatch(/ npm test -- --all.*… +default$/);
  expect(lines[2]).toMatch(/^gates\.default\.timeout +\(not set\) +default$/);
  expect(lines[3]).toMatch(/ 8 +YARD_LIMITS_CONCURRENT$/);
  const narrow = renderEntries(ENTRIES, 40);
  expect(narrow.every((line) => line.length <= 40)).toBe(true);
  expect(narrow.slice(0, 3)).toEqual(['target', '  agent/integration', '    (.yard/config.yaml:3)']);
});
