import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { placesOf } from './cgroup-places.ts';

/** Plain directories with the files that decide; where nothing is switched on by a write. */
async function hierarchy(groups: Record<string, { readonly has: string; readonly gives: string }>): Promise<string> {
  const top = await useTemporaryDirectory('cgroups');
  for (const [path, { has, gives }] of Object.entries(groups)) {
    const directory = join(top, path);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'cgroup.procs'), '');
    await writeFile(join(directory, 'cgroup.controllers'), `${has}\n`);
    await writeFile(join(directory, 'cgroup.subtree_control'), `${gives}\n`);
  }
  return top;
}

const mountTwo = (point: string, root = '/'): string =>
  `35 24 0:31 ${root} ${point} rw,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n`;

test('with version 2 it is the nearest cgroup above that gives its children both controllers', async () => {
  const top = await hierarchy({
    '.': { has: 'cpu memory pids', gives: 'cpu memory pids' },
    'user.slice': { has: 'cpu memory pids', gives: 'memory pids' },
    'user.slice/app.slice': { has: 'memory pids', gives: 'memory pids' },
    'user.slice/app.slice/run.scope': { has: 'memory pids', gives: '' },
  });
  expect(placesOf(mountTwo(top), '0::/user.slice/app.slice/run.scope\n')).toEqual([
    { parent: join(top, 'user.slice/app.slice'), version: 2, controllers: ['memory', 'pids'] },
  ]);
});

test('one controller is better than none, and none is still good for an end', async () => {
  const top = await hierarchy({
    '.': { has: 'pids', gives: 'pids' },
    a: { has: 'pids', gives: '' },
    'a/b': { has: '', gives: '' },
  });
  expect(placesOf(mountTwo(top), '0::/a/b\n')).toEqual([{ parent: top, version: 2, controllers: ['pids'] }]);
  const bare = await hierarchy({ '.': { has: '', gives: '' }, a: { has: '', gives: '' } });
  expect(placesOf(mountTwo(bare), '0::/a\n')).toEqual([{ parent: join(bare, 'a'), version: 2, controllers: [] }]);
});

test('version 1 has one for each controller, below the own', async () => {
  const top = await useTemporaryDirectory('cgroups');
  await mkdir(join(top, 'memory/session'), { recursive: true });
  await mkdir(join(top, 'pids'));
  const mounts = [
    `29 24 0:26 / ${join(top, 'cpu')} rw - cgroup cgroup rw,cpu`,
    `30 24 0:27 / ${join(top, 'memory')} rw - cgroup cgroup rw,memory`,
    `31 24 0:28 / ${join(top, 'pids')} rw shared:4 master:1 - cgroup cgroup rw,pids`,
  ].join('\n');
  expect(placesOf(mounts, '4:memory:/session\n8:pids:/\n1:cpu:/\n')).toEqual([
    { parent: join(top, 'memory/session'), version: 1, controllers: ['memory'] },
    { parent: join(top, 'pids'), version: 1, controllers: ['pids'] },
  ]);
});

test('in a container the own cgroup is where the mount shows it', async () => {
  const top = await hierarchy({ '.': { has: 'memory pids', gives: 'memory pids' } });
  expect(placesOf(mountTwo(top, '/docker/4f'), '0::/docker/4f\n')).toMatchObject([{ parent: top }]);
  expect(placesOf(mountTwo(top, '/docker/4f'), '0::/elsewhere\n')).toEqual([]);
  expect(placesOf(mountTwo(top), '0::/../4f\n')).toEqual([]);
});

test('where nothing is mounted, or nothing is there, there is no place', () => {
  expect(placesOf('', '')).toEqual([]);
  expect(placesOf(mountTwo('/nowhere'), '0::/\n')).toEqual([]);
  expect(placesOf('22 1 8:1 / / rw - ext4 /dev/root rw\n', '0::/\n')).toEqual([]);
});
