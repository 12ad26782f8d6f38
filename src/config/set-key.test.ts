import { expect, test } from 'vitest';
import { dropKey, setKey } from './set-key.ts';

const set = (text: string): string | null => setKey(text, 'yardmaster', '0.2.0');

test.each([
  ['after version', '# a\nversion: 1 # b\ntarget: x\n', '# a\nversion: 1 # b\nyardmaster: 0.2.0\ntarget: x\n'],
  ['first, where there is no version', '# a\n\ntarget: x\n', '# a\n\nyardmaster: 0.2.0\ntarget: x\n'],
  ['at an end without a line end', 'version: 1', 'version: 1\nyardmaster: 0.2.0\n'],
  ['with the line ends of the file', 'version: 1\r\ntarget: x\r\n', 'version: 1\r\nyardmaster: 0.2.0\r\ntarget: x\r\n'],
  ['in place of another', 'yardmaster: 0.1.0 # why\ntarget: x\n', 'yardmaster: 0.2.0 # why\ntarget: x\n'],
  ['in place of a quoted one', `target: x\nyardmaster: '0.1.0'\n`, 'target: x\nyardmaster: 0.2.0\n'],
  ['in JSON', '{\n  "version": 1\n}\n', '{ "yardmaster": "0.2.0",\n  "version": 1\n}\n'],
  ['in place of one in JSON', '{"yardmaster":"0.1.0","a":[1]}', '{"yardmaster":"0.2.0","a":[1]}'],
])('%s', (_name, before, after) => {
  expect(set(before)).toBe(after);
});

test.each([
  ['what is no YAML', 'version: ['],
  ['nothing', '# only a comment\n'],
  ['a list', '- a\n'],
  ['a value that is no word', 'yardmaster: [0.1.0]\n'],
  ['an anchor that others need', 'yardmaster: &v 0.1.0\nother: *v\n'],
])('not in %s', (_name, text) => {
  expect(set(text)).toBeNull();
});

test.each([
  ['its line goes, and nothing else', 'a: 1\nkey: 0.1.0 # why\n\n# b\nb: 2\n', 'a: 1\n\n# b\nb: 2\n'],
  ['the last line', 'a: 1\r\nkey: "x"', 'a: 1\r\n'],
  ['where there is none', 'a: 1\n', 'a: 1\n'],
  ['in a map of one line', '{ a: 1, key: x }', null],
  ['where another leans on it', 'key: &x y\na: *x\n', null],
])('a key is taken out: %s', (_name, text, expected) => {
  expect(dropKey(text, 'key')).toBe(expected);
});
