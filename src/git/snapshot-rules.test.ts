import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { listFilesAt, writeFiles } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { laneRequest, moveOn, read, useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { readLane } from './lane.ts';
import type { Lane } from './lane.ts';
import type { LaneRequest } from './prepare-lane.ts';
import { salvageLane } from './salvage.ts';

/** The paths that a snapshot takes up, after the files have been written. */
async function taken(yard: TestYard, lane: Lane, files: Files, options: Partial<LaneRequest> = {}): Promise<string[]> {
  await writeFiles(lane.directory, files);
  const { changes, refused } = await read(yard, lane, options);
  expect(refused).toEqual([]);
  return changes.map(({ path }) => path);
}

test('what the base ignores stays out, whatever the lane says by now', async () => {
  const yard = await useYard({
    '.gitignore': '.env\n*.key\nbuild/\n!kept.key\n',
    'pkg/.gitignore': 'local\n',
    'pkg/f': 'f',
  });
  const secrets = {
    '.env': 'S',
    'pkg/.env': 'S',
    'a.key': 'S',
    'build/x': 'S',
    'pkg/local': 'S',
    'new/build/x': 'S',
    'kept.key': 'k',
  };
  const emptied = await useLane(yard, { taskId: 'emptied' });
  expect(await taken(yard, emptied, { ...secrets, '.gitignore': '', 'pkg/.gitignore': null })).toEqual([
    '.gitignore',
    'kept.key',
    'pkg/.gitignore',
  ]);
  const negated = await useLane(yard, { taskId: 'negated' });
  expect(await taken(yard, negated, { ...secrets, '.gitignore': '!*\n', 'build/.gitignore': '!*\n' })).toEqual([
    '.gitignore',
    'kept.key',
  ]);
});

test('the lane’s own rules count on top: changed, new, in new directories, nested', async () => {
  const yard = await useYard({ '.gitignore': 'base\n', 'd/f': 'f' });
  const lane = await useLane(yard);
  const files = {
    '.gitignore': 'base\nroot\n',
    root: 'x',
    base: 'x',
    'd/.gitignore': '/inner\n',
    'd/inner': 'x',
    'd/deep/inner': 'kept',
    'new/.gitignore': '*\n!.gitignore\n!kept\n',
    'new/x': 'x',
    'new/kept': 'x',
    'new/sub/kept': 'in an ignored directory',
    'fresh/deep/.gitignore': 'x\n',
    'fresh/deep/x': 'x',
    'fresh/deep/y': 'y',
    'all/.gitignore': '*\n',
    'all/x': 'x',
  };
  expect(await taken(yard, lane, files)).toEqual([
    '.gitignore',
    'd/.gitignore',
    'd/deep/inner',
    'fresh/deep/.gitignore',
    'fresh/deep/y',
    'new/.gitignore',
    'new/kept',
  ]);
});

test('`dir/` means directories only; names with patterns’ own letters are names', async () => {
  const yard = await useYard({ '.gitignore': 'out/\n\\#x\n\\!y\n*.t[mx]p\nsp\\ \n' });
  const files: Files = {
    out: 'a file',
    'sub/out/x': 'ignored',
    'link/out': { link: '..' },
    '#x': 'ignored',
    '!y': 'ignored',
    'a.tmp': 'ignored',
    'a.t[mx]p': 'kept',
    'sp ': 'ignored',
    ':!q': 'kept',
    ':(top)z': 'kept',
    '-d/x': 'kept',
  };
  expect(await taken(yard, await useLane(yard), files)).toEqual([
    '-d/x',
    ':!q',
    ':(top)z',
    'a.t[mx]p',
    'link/out',
    'out',
  ]);
});

test('files that are tracked although they are ignored stay tracked', async () => {
  const yard = await useYard({
    '.gitignore': 'ignored/\n*.log\n',
    'ignored/tracked': 't',
    'ignored/deep/tracked': 't',
    'a.log': 'a',
    'gone.log': 'a',
  });
  const lane = await useLane(yard);
  const files = {
    'ignored/tracked': 'edited',
    'ignored/deep/new': 'x',
    'ignored/new': 'x',
    'a.log': 'edited',
    'gone.log': null,
    'b.log': 'x',
  };
  expect(await taken(yard, lane, files)).toEqual(['a.log', 'gone.log', 'ignored/tracked']);
});

test('the operator’s own excludes count', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const files = { '.DS_Store': 'x', 'd/.DS_Store': 'x', 'd/.idea/x': 'x', 'd/y': 'y' };
  expect(await taken(yard, lane, files, { excludes: '.DS_Store\n.idea/\n' })).toEqual(['d/y']);
});

test('the rules of the base are those of the base, not of earlier work that the lane was filled with', async () => {
  const yard = await useYard({ '.gitignore': '.env\n', f: 'f' });
  const first = await useLane(yard);
  await writeFiles(first.directory, { '.gitignore': 'other\n', '.env': 'S', work: 'w' });
  const base = await moveOn(yard, { g: 'g' });
  const lane = await useLane(yard, { base, attempt: 2 });
  expect(lane.continued).toBe(true);
  expect(await taken(yard, lane, { '.env': 'S', other: 'x', new: 'n' })).toEqual(['new']);
});

test('a `.gitignore` that is no plain file is no rules, and hangs nothing', async () => {
  const yard = await useYard({ '.gitignore': 'secret\n', 'd/.gitignore': 'x\n', 'e/.gitignore': 'x\n', 'g/f': 'f' });
  const lane = await useLane(yard);
  const at = (path: string): string => join(lane.directory, path);
  for (const path of ['.gitignore', 'd/.gitignore', 'e/.gitignore']) rmSync(at(path));
  makeFifo(at('.gitignore'));
  makeFifo(at('g/.gitignore'));
  await writeFiles(lane.directory, {
    'd/.gitignore': { link: 'rules' },
    'd/rules': '*\n',
    'd/x': 'ignored by the base',
    'd/y': 'y',
    'e/.gitignore/.gitignore': '*.o\n',
    'e/.gitignore/deep/x.o': 'ignored',
    'e/.gitignore/deep/x.c': 'kept',
    'e/x': 'ignored by the base',
    'new/.gitignore/': '',
    'new/f': 'f',
    secret: 'S',
  });
  const { changes, refused, special } = await read(yard, lane);
  expect(changes.map(({ path }) => path)).toEqual([
    'd/.gitignore',
    'd/rules',
    'd/y',
    'e/.gitignore',
    'e/.gitignore/.gitignore',
    'e/.gitignore/deep/x.c',
    'new/f',
  ]);
  expect(refused.map(({ path }) => path)).toEqual(['.gitignore']);
  expect(special).toEqual(['g/.gitignore']);
});

test('huge rules are not read', async () => {
  const yard = await useYard({ '.gitignore': 'secret\n' });
  const lane = await useLane(yard);
  writeFileSync(join(lane.directory, '.gitignore'), '');
  truncateSync(join(lane.directory, '.gitignore'), 3 * 2 ** 30);
  await writeFiles(lane.directory, { secret: 'S', 'd/.gitignore': `*\n${'#'.repeat(2 ** 20)}`, 'd/x': 'x' });
  const { changes, refused } = await read(yard, lane);
  expect(changes.map(({ path }) => path)).toEqual(['d/.gitignore', 'd/x']);
  expect(refused.map(({ path }) => path)).toEqual(['.gitignore']);
});

test('rules that git comes to no end with fail the reading, and not the salvage', async () => {
  const yard = await useYard({ '.gitignore': 'secret\n', f: 'f' });
  const lane = await useLane(yard);
  const name = `${'a'.repeat(200)}b`;
  await writeFiles(lane.directory, {
    '.gitignore': `${'*a'.repeat(60)}*c\n`,
    [name]: 'x',
    [`d/${name}`]: 'x',
    secret: 'S',
    work: 'w',
  });
  const rulesTimeoutMs = 2000;
  await expect(readLane(lane, laneRequest(yard, { rulesTimeoutMs }))).rejects.toMatchObject({ code: 'integrity' });
  const { work } = await salvageLane(laneRequest(yard, { attempt: 2, rulesTimeoutMs }), lane);
  const salvaged = (await listFilesAt(yard.depot.path, work ?? '')).map((line) => line.slice(7));
  expect(salvaged).toEqual(['.gitignore', name, `d/${name}`, 'f', 'work'].toSorted());
});
