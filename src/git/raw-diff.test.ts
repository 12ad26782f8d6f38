import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { runGit } from '../../test/fixtures/git/repository.ts';
import { moveOn, useYard } from '../../test/fixtures/git/yard.ts';
import { describeChanges } from './history.ts';
import { diffPatch, diffRaw, diffRawAndPatch } from './raw-diff.ts';

test('a difference is told path by path, renames as two', async () => {
  const yard = await useYard({ edited: 'e', gone: 'same', mode: 'm', 'new\nline': 'n', kind: 'k', 'é/x': 'x' });
  await runGit(yard.source.path, ['rm', '--quiet', 'kind']);
  const next = await moveOn(yard, {
    edited: 'E',
    gone: null,
    moved: 'same',
    mode: null,
    'new\nline': null,
    kind: { link: 'edited' },
    'é/x': 'X',
  });
  const last = await moveOn(yard, { mode: { executable: 'm' } });
  const changes = await diffRaw(yard.depot, yard.base, last);
  expect(changes.map(({ path, mode, oid }) => `${mode.toString(8)} ${path}${oid === null ? ' gone' : ''}`)).toEqual([
    '100644 edited',
    '100644 gone gone',
    '120000 kind',
    '100755 mode',
    '100644 moved',
    '100644 new\nline gone',
    `100644 ${Buffer.from('é').toString('latin1')}/x`,
  ]);
  expect(changes[0]?.oid).toBe(await runGit(yard.depot.path, ['rev-parse', `${last}:edited`]));
  expect(await diffRaw(yard.depot, next, next)).toEqual([]);
});

test('a patch reads as people know it, runs nothing, and is cut where it is too long', async () => {
  const yard = await useYard({ f: 'one\n', '.gitattributes': '* diff=planted filter=planted\n' });
  const next = await moveOn(yard, { f: 'two\n', 'new\nfile': 'x\n'.repeat(20_000) });
  const marker = join(yard.directory, 'marker');
  for (const key of ['diff.planted.textconv', 'diff.planted.command', 'diff.external', 'filter.planted.clean']) {
    await runGit(yard.depot.path, ['config', key, `touch ${marker}; cat`]);
  }
  const patch = (await diffPatch(yard.depot, yard.base, next, { stat: true })).toString();
  expect(patch).toContain('-one\n+two\n');
  expect(patch).toContain('2 files changed');
  expect(patch).toContain('diff --git "a/new\\nfile" "b/new\\nfile"');
  const cut = await diffPatch(yard.depot, yard.base, next, { maxOutputBytes: 1000 });
  expect(cut.length).toBeLessThan(2000);
  expect(existsSync(marker)).toBe(false);
});

test('the difference and its patch come in one process, as they come in two', async () => {
  const text = 'a line\n'.repeat(50);
  const yard = await useYard({ edited: 'e\n', gone: 'g\n', from: text, mode: 'm', 'new\nline': 'n\n', kind: 'k' });
  await runGit(yard.source.path, ['rm', '--quiet', 'kind']);
  const next = await moveOn(yard, {
    edited: 'E\n',
    gone: null,
    from: null,
    to: `${text}one more\n`,
    mode: { executable: 'm' },
    'new\nline': 'N\n',
    kind: { link: 'edited' },
    binary: Buffer.from([0, 1, 2, 0, 58, 0]),
  });
  const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
  for (const count of [8, 2_000]) {
    const options = { count, maxOutputBytes: 2 ** 20 };
    const { changes, patch } = await diffRawAndPatch(yard.depot, yard.base, next, options);
    expect(changes.toSorted(byPath)).toEqual((await diffRaw(yard.depot, yard.base, next)).toSorted(byPath));
    const shown = patch.toString();
    expect(shown).toContain('-e\n+E\n');
    expect(shown).toContain('rename from from\nrename to to\n');
    expect(shown).toMatch(/^ 7 files changed/m);
    expect(shown).not.toContain('\0');
  }
  const same = await diffRawAndPatch(yard.depot, next, next, { count: 0, maxOutputBytes: 2 ** 20 });
  expect(same.changes).toEqual([]);
  expect(same.patch.toString()).toBe('');
});

test('what came to some paths is described, and bounded', async () => {
  const yard = await useYard({ 'a b': 'one\n', ':(top)x': 'one\n', other: 'o\n' });
  const next = await moveOn(yard, { 'a b': 'two\n', ':(top)x': 'two\n', other: 'p\n' });
  const paths = ['a b', ':(top)x'];
  const text = await describeChanges(yard.depot, { from: yard.base, to: next, paths, maxBytes: 10_000 });
  expect(text).toContain('- change');
  expect(text.match(/\+two/g)).toHaveLength(2);
  expect(text).not.toContain('other');
  const far = await moveOn(yard, { 'a b': 'long\n'.repeat(100_000) });
  const cut = await describeChanges(yard.depot, { from: yard.base, to: far, paths, maxBytes: 1000 });
  expect(cut.length).toBeLessThan(1100);
});
