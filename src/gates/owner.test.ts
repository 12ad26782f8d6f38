import { openCells } from '../../test/fixtures/cells.ts';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { writeFiles } from '../../test/fixtures/git/repository.ts';
import { OTHER, ownersBelow, whyNoOwner } from '../../test/fixtures/processes/owners.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { settingOf } from '../../test/fixtures/yard/gate.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { treeOf } from '../git/depot.ts';
import { give } from '../process/owner.ts';
import { prewarmInto } from './prewarm.ts';
import { provide } from './provision.ts';
import { takeSlot } from './slot-pool.ts';

const why = whyNoOwner();
const US = `${process.getuid?.()}:${process.getgid?.()}`;
const READY = { kind: 'ready', layers: [] };
const THEIRS = new Set([`${OTHER.uid}:${OTHER.gid}`]);

test('a slot is another user’s for one gate and ours for the next; what is beside it stays ours', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await openYard({ files: { f: 'f', 'd/g': { executable: 'g' } } });
  const tree = await treeOf(yard.depot, yard.parts.base);
  const { store, depot, stateDirectory } = yard;
  const cells = openCells(stateDirectory);
  const request = { tree, slots: 1, marker: 'test', signal: new AbortController().signal };
  for (const [owner, expected] of [
    [OTHER, THEIRS],
    [OTHER, THEIRS],
    [null, new Set([US])],
    [OTHER, THEIRS],
  ] as const) {
    const slot = await takeSlot({ store, depot, stateDirectory, cells }, { ...request, owner });
    expect(slot && ownersBelow(slot.directory)).toEqual(expected);
    await slot?.release();
  }
  expect(ownersBelow(join(yard.stateDirectory, 'gates/0.index'))).toEqual(new Set([US]));
});

test('provisioned files belong to the owner, with the directories that were made for them', async (context) => {
  if (why !== null) context.skip(why);
  const directory = await useTemporaryDirectory('provision');
  const [from, into] = [join(directory, 'from'), join(directory, 'into')];
  await writeFiles(from, { '.env': 'e', 'data/deep/a': 'a', 'data/link': { link: '/etc/hostname' } });
  await mkdir(join(into, 'left'), { recursive: true });
  give(into, OTHER);
  const entries = ['.env', 'data', 'left/x/.env'].map((target) => ({
    source: target.endsWith('.env') ? '.env' : target,
    target,
    required: true,
  }));
  expect(await provide(entries, from, into, OTHER)).toEqual([]);
  // `left` too, which a process made and did not live to give away.
  expect(ownersBelow(into)).toEqual(THEIRS);
  expect(ownersBelow(from)).toEqual(new Set([US]));
  expect(ownersBelow('/etc/hostname')).toEqual(new Set(['0:0']));
});

test('what was made by one owner is copied for another; the store that it is copied from stays as it is', async (context) => {
  if (why !== null) context.skip(why);
  const yard = await openYard({ files: { lock: 'one\n' } });
  const run = `stat -c %u:%g . lock > ${yard.path('seen')}; mkdir -p a/modules; cp lock a/modules; ln -s lock a/modules/l; chown -hR ${OTHER.uid}:${OTHER.gid} a; chmod 500 a/modules`;
  const entry = {
    run,
    key: ['lock'],
    outputs: ['a/modules'],
    timeoutMs: 60_000,
    environment: { allow: [] },
    secrets: [],
  };
  const cells = openCells(yard.stateDirectory, OTHER);
  const setting = { ...settingOf(yard, { prewarm: [entry] }), cells };
  const tree = await treeOf(yard.depot, yard.parts.base);
  const warm = async (name: string, owner: typeof OTHER | null): Promise<string> => {
    const directory = yard.path(name);
    await mkdir(directory);
    if (owner !== null) give(directory, owner);
    const signal = new AbortController().signal;
    expect(
      await prewarmInto(setting, {
        tree,
        directory,
        signal,
        failureLog: '/nowhere',
        sandbox: { owner, sharing: 'copies' },
      }),
    ).toEqual(READY);
    return directory;
  };
  const theirs = await warm('theirs', OTHER);
  expect(new Set(yard.lines('seen'))).toEqual(THEIRS);
  expect(ownersBelow(theirs)).toEqual(THEIRS);
  expect(existsSync(join(theirs, 'a/modules/lock'))).toBe(true);
  expect(ownersBelow(await warm('ours', null))).toEqual(new Set([US]));
  expect(ownersBelow(join(yard.stateDirectory, 'prewarm'))).toEqual(new Set([US, ...THEIRS]));
});
