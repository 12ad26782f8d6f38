import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../fixtures/repository-files.ts';
import { failpointNames, gitCommands, readSources, readingCommands, storeWrites } from './failpoint-names.ts';
import { COVERED_ELSEWHERE } from './sweep.ts';

// What each failpoint comes to when it strikes is in slice.test.ts; that every effect has one, here and in tidy.test.ts.

const sources = readSources();
const textOf = (path: string): string => sources.find((source) => source.path === path)?.text ?? '';

test('the names are read from the source: of files, of git, of the store, and the single ones', () => {
  const names = failpointNames(sources);
  expect(names).toEqual(
    expect.arrayContaining([
      'directory.sync:before',
      'file.sync:after',
      'fs.rename:before',
      'git.update-ref:after',
      'process.launch:before',
      'store.closeLanding:commit',
    ]),
  );
  expect(names.length).toBeGreaterThan(100);
});

test('a name that is made in another way is noticed', () => {
  // Put together, so that this very line is none.
  const call = ['fail', 'point(`a.$', '{b}`)'].join('');
  expect(() => failpointNames([...sources, { path: 'src/made-up.ts', text: call }])).toThrow('src/made-up.ts');
});

test('a git command that cannot be read off is noticed', () => {
  const text = "import { git } from './git.ts';\nawait git(words, {});";
  expect(() => gitCommands({ path: 'src/made-up.ts', text })).toThrow('src/made-up.ts');
});

test('every write of the store is made where the failpoints are', () => {
  const store = textOf('src/store/sqlite-store.ts');
  const writes = storeWrites(sources);
  expect(writes).toEqual(expect.arrayContaining(['closeLanding', 'settleTurn']));
  const made = [...store.matchAll(/this\.#write\('(\w+)'/g)].map(([, name]) => name);
  expect(made.filter((name) => !writes.includes(name ?? ''))).toEqual([]);
  expect(writes.filter((name) => !store.includes(`this.#write('${name}'`))).toEqual([]);
  // One place alone opens a transaction, and names are passed as they are.
  expect(store.match(/\.transaction\(\)/g)).toHaveLength(1);
});

test('git is run in one place, and what is listed as reading does not write', () => {
  const runs = sources.filter(({ text }) => /run(?:Process)?\(\s*'git'/.test(text)).map(({ path }) => path);
  expect(runs).toEqual(['src/git/git.ts']);
  const writing = [
    'add',
    'commit',
    'fetch',
    'gc',
    'init',
    'merge-tree',
    'read-tree',
    'reset',
    'update-ref',
    'write-tree',
  ];
  expect(readingCommands(sources).filter((command) => writing.includes(command))).toEqual([]);
});

test('processes are started in one place', () => {
  const starting = sources
    .filter(({ text }) => /^import (?!type\b).*'node:child_process'/m.test(text))
    .map(({ path }) => path);
  // The other one asks `ps` where there is no /proc.
  expect(starting).toEqual(['src/process/launch.ts', 'src/process/table-darwin.ts']);
});

test('what is covered elsewhere is in the source, and the test is there', () => {
  const names = failpointNames(sources);
  for (const [stem, path] of Object.entries(COVERED_ELSEWHERE)) {
    expect(names.some((name) => name.startsWith(`${stem}:`))).toBe(true);
    expect(existsSync(join(root, path))).toBe(true);
  }
});
