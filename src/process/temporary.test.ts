import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { currentBootId } from './identity.ts';
import { isLeftOver, makeTemporary, sweepLeftOvers } from './temporary.ts';

test('what a living process made stays, what a dead one or another boot left goes', async () => {
  const directory = await useTemporaryDirectory();
  const living = await makeTemporary(join(directory, 'gate-'));
  expect(isLeftOver(basename(living))).toBe(false);
  const { pid } = spawnSync('true');
  const boot = currentBootId().slice(0, 8);
  const dead = `gate-${pid}.1.${boot}-AbCdEf`;
  const [, tag = ''] = /^gate-(.+)-/.exec(basename(living)) ?? [];
  const otherBoot = `depot.git.new-${tag.replace(boot, boot === '00000000' ? '11111111' : '00000000')}-AbCdEf`;
  // Nobody's that we know.
  const strangers = ['gate-AbCdEf', 'depot.git', 'pins'];
  for (const name of [dead, otherBoot, ...strangers]) await mkdir(join(directory, name, 'full'), { recursive: true });
  expect((await sweepLeftOvers(directory)).toSorted()).toEqual([otherBoot, dead].toSorted());
  for (const name of [basename(living), ...strangers]) expect(existsSync(join(directory, name))).toBe(true);
  for (const name of [dead, otherBoot]) expect(existsSync(join(directory, name))).toBe(false);
  expect(await sweepLeftOvers(directory)).toEqual([]);
});

test('a directory that is not there has no leftovers', async () => {
  expect(await sweepLeftOvers(join(await useTemporaryDirectory(), 'none'))).toEqual([]);
});
