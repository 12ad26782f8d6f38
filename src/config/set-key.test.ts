import { expect, test } from 'vitest';
import { setKey } from './set-key.ts';

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
