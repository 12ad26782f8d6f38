import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { chmod, link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useBubblewrap } from '../../test/fixtures/bubblewrap.ts';
import { writeFiles } from '../../test/fixtures/git/repository.ts';
import { OTHER, ownersBelow, whyNoOwner } from '../../test/fixtures/processes/owners.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { settingOf } from '../../test/fixtures/yard/gate.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import { treeOf } from '../git/depot.ts';
import { give, giveTree } from '../process/owner.ts';
import { Cells } from '../sandbox/cells.ts';
import { freeze } from './freeze.ts';
import { prewarmInto } from './prewarm.ts';

const why = whyNoOwner();
const US = `${process.getuid?.()}:${process.getgid?.()}`;
const { support, plain } = await useBubblewrap();

async function theirs(): Promise<string> {
  const path = join(await useTemporaryDirectory('freeze'), 'tree');
  await writeFiles(path, { 'd/f': 'x', 'd/program': { executable: 'x' }, link: { link: '/etc/hostname' } });
  giveTree(path, OTHER);
  return path;
}

const modeOf = (...names: string[]): string => (lstatSync(join(...names)).mode & 0o7777).toString(8);

test('frozen, a tree is ours, and nobody else may write to it or become us by it', async (context) => {
  if (why !== null) context.skip(why);
  const path = await theirs();
  await chmod(join(path, 'd/f'), 0o666);
  await chmod(join(path, 'd/program'), 0o6777);
  await chmod(join(path, 'd'), 0o777);
  expect(freeze(path)).toBe(true);
  expect(ownersBelow(path)).toEqual(new Set([US]));
  expect([modeOf(path, 'd'), modeOf(path, 'd/f'), modeOf(path, 'd/program')]).toEqual(['755', '644', '755']);
  expect(ownersBelow('/etc/hostname')).toEqual(new Set(['0:0']));
});

test('a tree with a file of other names, or with what is no file, stays as it is', async (context) => {
  if (why !== null) context.skip(why);
  const linked = await theirs();
  await link(join(linked, 'd/f'), `${linked}.other`);
  const special = await theirs();
  execFileSync('mkfifo', [join(special, 'fifo')]);
  give(join(special, 'fifo'), OTHER);
  for (const path of [linked, special]) {
    expect(freeze(path)).toBe(false);
    expect(ownersBelow(path)).toEqual(new Set([`${OTHER.uid}:${OTHER.gid}`]));
  }
});

test.for([
  ['links to what is frozen', 'mkdir -p a/modules; cp lock a/modules/f; ln -s f a/modules/l', true],
  ['a copy of what cannot be frozen', 'mkdir -p a/modules; cp lock a/modules/f; ln a/modules/f a/modules/l', false],
] as const)('where the cells of root have no overlays, a lane gets %s', async ([, run, linked], context) => {
  if (why !== null) context.skip(why);
  if ('missing' in plain) return context.skip(plain.missing);
  const yard = await openYard({ files: { lock: 'one\n' } });
  const { stateDirectory } = yard;
  const entry = {
    run,
    key: ['lock'],
    outputs: ['a/modules'],
    timeoutMs: 60_000,
    environment: { allow: [] },
    secrets: [],
  };
  const missing = { kind: 'missing', why: 'the test wants none' } as const;
  const repository = { root: '/nowhere', commonDirectory: '/nowhere/.git' };
  const places = {
    stateDirectory,
    repository,
    support: { ...support, overlay: missing },
    self: [process.execPath, ''],
    redact: (text: string) => text,
  };
  const cells = new Cells(places);
  const prewarmCell = resolveSandbox('bubblewrap').prewarm;
  const setting = { ...settingOf(yard, { prewarm: [entry] }), cells, prewarmCell };
  const sandbox = cells.sandboxFor(prewarmCell);
  const tree = await treeOf(yard.depot, yard.parts.base);
  const inodes: number[] = [];
  for (const name of ['one', 'two']) {
    const directory = yard.path(name);
    await mkdir(directory);
    give(directory, OTHER);
    const { signal } = new AbortController();
    expect(await prewarmInto(setting, { tree, directory, signal, sandbox, failureLog: '/nowhere' })).toEqual({
      kind: 'ready',
      layers: [],
    });
    for (const path of ['a', 'a/modules']) expect(lstatSync(join(directory, path)).uid).toBe(OTHER.uid);
    expect(lstatSync(join(directory, 'a/modules/f')).uid).toBe(linked ? 0 : OTHER.uid);
    inodes.push(lstatSync(join(directory, 'a/modules/f')).ino);
  }
  expect(new Set(inodes).size).toBe(linked ? 1 : 2);
});
