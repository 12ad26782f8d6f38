import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

import { commitFiles, listFilesAt, readFileAt, runGit } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { fetchCommit, treeOf } from './depot.ts';
import { Merger, writeCommit } from './merge.ts';
import type { MergeResult } from './merge.ts';

/** Two changes to the same base, as commits in the depot. */
async function branches(yard: TestYard, ours: Files, theirs: Files): Promise<[string, string]> {
  const make = async (files: Files): Promise<string> => {
    await runGit(yard.source.path, ['checkout', '--quiet', '--detach', yard.base]);
    const commit = await commitFiles(yard.source, files);
    await fetchCommit({ into: yard.depot.path, from: yard.repository.commonDirectory, commit });
    return commit;
  };
  return [await make(ours), await make(theirs)];
}

async function useMerger(yard: TestYard): Promise<Merger> {
  const merger = await Merger.create(yard.depot, join(yard.stateDirectory, 'tmp'));
  onTestFinished(() => merger.dispose());
  return merger;
}

async function merge(yard: TestYard, ours: Files, theirs: Files): Promise<MergeResult> {
  const merger = await useMerger(yard);
  const [a, b] = await branches(yard, ours, theirs);
  await merger.useAttributesOf(a);
  return merger.merge(a, b);
}

const LINES = Array.from({ length: 20 }, (_, index) => `line ${index}\n`);
const text = (changed: Readonly<Record<number, string>>): string =>
  LINES.map((line, index) => changed[index] ?? line).join('');

test('changes to different places merge', async () => {
  const yard = await useYard({ f: text({}), g: 'g' });
  const result = await merge(yard, { f: text({ 1: 'ours\n' }), h: 'h' }, { f: text({ 18: 'theirs\n' }), g: null });
  expect(result.kind).toBe('clean');
  expect(await listFilesAt(yard.depot.path, result.tree)).toEqual(['100644 f', '100644 h']);
  expect(await readFileAt(yard.depot.path, result.tree, 'f')).toBe(text({ 1: 'ours\n', 18: 'theirs\n' }));
  expect(await merge(yard, {}, {})).toEqual({ kind: 'clean', tree: await treeOf(yard.depot, yard.base) });
});

test.each<[string, Files, Files, Files, string[], RegExp]>([
  ['content', { f: text({}) }, { f: text({ 3: 'ours\n' }) }, { f: text({ 3: 'theirs\n' }) }, ['f'], /content/],
  ['modify/delete', { f: text({}), x: 'x' }, { f: text({ 3: 'ours\n' }) }, { f: null }, ['f'], /modify\/delete/],
  ['add/add', { x: 'x' }, { 'd/n': 'ours\n' }, { 'd/n': 'theirs\n' }, ['d/n'], /add\/add/],
  ['rename/delete', { f: text({}), x: 'x' }, { f: null, moved: text({}) }, { f: null }, ['moved'], /rename\/delete/],
  ['odd name', { x: 'x' }, { 'new\nline é"': 'ours\n' }, { 'new\nline é"': 'theirs\n' }, ['new\nline é"'], /add\/add/],
])('a conflict is told with its paths and reasons: %s', async (_what, base, ours, theirs, paths, message) => {
  const yard = await useYard(base);
  const result = await merge(yard, ours, theirs);
  expect(result).toMatchObject({ kind: 'conflict', paths, messages: [expect.stringMatching(message)] });
});

test('several conflicts, a file against a directory among them, are all told', async () => {
  const yard = await useYard({ a: 'a\n', b: 'b\n' });
  const result = await merge(
    yard,
    { a: 'ours\n', b: 'ours\n', p: 'file' },
    { a: 'theirs\n', b: 'theirs\n', 'p/q': 'directory' },
  );
  if (result.kind !== 'conflict') throw new Error('it must conflict');
  expect(result.paths).toEqual(expect.arrayContaining(['a', 'b']));
  expect(result.paths).toHaveLength(3);
  expect(result.messages).toHaveLength(3);
  expect(await readFileAt(yard.depot.path, result.tree, 'a')).toMatch(/^<{7} .*\nours\n={7}\ntheirs\n>{7} .*\n$/);
});

test('an unknown commit is an error and no conflict', async () => {
  const yard = await useYard({ f: 'f' });
  const merger = await useMerger(yard);
  const missing = '1'.repeat(40);
  await expect(merger.merge(missing, yard.base)).rejects.toMatchObject({ code: 'git-failed' });
  await expect(merger.merge(yard.base, missing)).rejects.toMatchObject({ code: 'git-failed' });
  await expect(merger.merge('nonsense', yard.base)).rejects.toMatchObject({ code: 'git-failed' });
});

const TWO_ADDITIONS: [Files, Files] = [
  { 'CHANGES.md': 'top\nours\nend\n', 'a/CHANGES.md': 'top\nours\nend\n', 'a/b/x.txt': 'top\nours\nend\n' },
  { 'CHANGES.md': 'top\ntheirs\nend\n', 'a/CHANGES.md': 'top\ntheirs\nend\n', 'a/b/x.txt': 'top\ntheirs\nend\n' },
];
const THREE = { 'CHANGES.md': 'top\nend\n', 'a/CHANGES.md': 'top\nend\n', 'a/b/x.txt': 'top\nend\n' };

test.each<[string, Files, string[]]>([
  ['none', {}, ['CHANGES.md', 'a/CHANGES.md', 'a/b/x.txt']],
  ['a name, at the root', { '.gitattributes': 'CHANGES.md merge=union\n' }, ['a/b/x.txt']],
  [
    'a path, at the root',
    { '.gitattributes': '# comment\n\n\ufeff\n/CHANGES.md\tmerge=union -text\r\n' },
    ['a/CHANGES.md', 'a/b/x.txt'],
  ],
  ['a byte order mark', { '.gitattributes': '\ufeffCHANGES.md merge=union\n' }, ['a/b/x.txt']],
  ['a name, in a directory', { 'a/.gitattributes': '*.txt merge=union\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  ['a path, in a directory', { 'a/.gitattributes': '/b/*.txt merge=union\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  ['the nearest decides', { '.gitattributes': '* merge=union\n', 'a/b/.gitattributes': '* -merge\n' }, ['a/b/x.txt']],
  ['the last line decides', { '.gitattributes': '* merge=union\n*.md merge=text\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  ['a driver is text', { '.gitattributes': '* merge=union\n*.md merge=custom\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  ['unspecified is text', { '.gitattributes': '* merge=union\n*.md !merge\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  ['binary', { '.gitattributes': '* merge=union\n*.md binary\n' }, ['CHANGES.md', 'a/CHANGES.md']],
  [
    'a link is no attributes',
    { '.gitattributes': { link: 'real' }, real: '* merge=union\n' },
    ['CHANGES.md', 'a/CHANGES.md', 'a/b/x.txt'],
  ],
])('the base’s built-in merge attributes count: %s', async (_what, attributes, conflicts) => {
  const yard = await useYard({ ...THREE, ...attributes });
  const result = await merge(yard, ...TWO_ADDITIONS);
  expect(result.kind === 'conflict' ? result.paths : []).toEqual(conflicts);
  for (const path of Object.keys(THREE).filter((name) => !conflicts.includes(name))) {
    expect(await readFileAt(yard.depot.path, result.tree, path)).toBe('top\nours\ntheirs\nend\n');
  }
});

test.each(['app/[id]', 'with space', 'quo"te', 'é', 'a*b?', '#x', 'back\\slash', '\u00a0'])(
  'attributes in the directory %j count there and nowhere else',
  async (directory) => {
    const other = directory === 'app/[id]' ? 'app/i' : 'other';
    const file = `${directory}/é.md`;
    const yard = await useYard({
      [`${directory}/.gitattributes`]: '\u00e9.md merge=union\n',
      [file]: 'top\nend\n',
      [`${other}/é.md`]: 'top\nend\n',
      'é.md': 'top\nend\n',
    });
    const files = (line: string): Files => ({
      [file]: `top\n${line}\nend\n`,
      [`${other}/é.md`]: `top\n${line}\nend\n`,
      'é.md': `top\n${line}\nend\n`,
    });
    const result = await merge(yard, files('ours'), files('theirs'));
    expect(result).toMatchObject({ kind: 'conflict', paths: [`${other}/é.md`, 'é.md'].toSorted() });
    expect(await readFileAt(yard.depot.path, result.tree, file)).toBe('top\nours\ntheirs\nend\n');
  },
);

test('a task cannot choose how it is merged', async () => {
  const yard = await useYard(THREE);
  const [ours, theirs] = TWO_ADDITIONS;
  const union = { '.gitattributes': '* merge=union\n', 'a/.gitattributes': '* merge=union\n' };
  const result = await merge(yard, ours, { ...theirs, ...union });
  expect(result).toMatchObject({ kind: 'conflict', paths: Object.keys(THREE) });
});

test('no driver runs, wherever it is configured', async () => {
  const yard = await useYard({ ...THREE, '.gitattributes': '* merge=custom filter=custom\n' });
  const marker = join(yard.directory, 'marker');
  const merger = await useMerger(yard);
  const [a, b] = await branches(yard, ...TWO_ADDITIONS);
  for (const directory of [yard.depot.path, yard.source.path]) {
    await runGit(directory, ['config', 'merge.custom.driver', `touch ${marker}`]);
    await runGit(directory, ['config', 'merge.default', 'custom']);
    await runGit(directory, ['config', 'filter.custom.clean', `touch ${marker}`]);
  }
  await merger.useAttributesOf(a);
  expect(await merger.merge(a, b)).toMatchObject({ kind: 'conflict', paths: Object.keys(THREE) });
  expect(existsSync(marker)).toBe(false);
});

test('attributes are taken anew for each base, and all is gone at the end', async () => {
  const yard = await useYard(THREE);
  const merger = await Merger.create(yard.depot, join(yard.stateDirectory, 'tmp'));
  const [a, b] = await branches(yard, ...TWO_ADDITIONS);
  const [union] = await branches(yard, { '.gitattributes': '* merge=union\n' }, {});
  await merger.useAttributesOf(union);
  expect((await merger.merge(a, b)).kind).toBe('clean');
  await merger.useAttributesOf(a);
  expect((await merger.merge(a, b)).kind).toBe('conflict');
  await merger.dispose();
  await expect(merger.merge(a, b)).rejects.toMatchObject({ code: 'git-failed' });
});

test('histories without a common commit are an error', async () => {
  const yard = await useYard({ f: 'f' });
  const orphan = await writeCommit(yard.depot, {
    tree: await treeOf(yard.depot, yard.base),
    parents: [],
    message: 'root\0with NUL\n',
    author: { name: 'A', email: 'a@b' },
    atMs: 5000,
  });
  expect(await runGit(yard.depot.path, ['show', '--no-patch', '--format=%an %ae %at %cn|%B', orphan])).toBe(
    'A a@b 5 A|rootwith NUL\n',
  );
  await expect((await useMerger(yard)).merge(yard.base, orphan)).rejects.toMatchObject({ code: 'git-failed' });
});
