import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import type { NamedPolicy } from '../core/sandbox-report.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { placeWarnings, refusedPlaces } from './granted-places.ts';

const missing = { kind: 'missing', why: 'the test wants none' } as const;
const support: SandboxSupport = {
  bubblewrap: { kind: 'works', what: 'bubblewrap', program: '/usr/bin/bwrap' },
  container: missing,
  overlay: missing,
};
const OTHER = { uid: 4321, gid: 4321 };

async function makeGrounds() {
  const base = await useTemporaryDirectory();
  for (const name of ['repo/.git', 'repo/src', 'state', 'other']) mkdirSync(join(base, name), { recursive: true });
  symlinkSync(join(base, 'repo/src'), join(base, 'link'));
  const root = join(base, 'repo');
  return { base, root, commonDirectory: join(root, '.git'), stateDirectory: join(base, 'state') };
}

function granting(key: 'read' | 'write', ...places: readonly string[]): NamedPolicy[] {
  return [{ name: 'agents.a', policy: { ...resolveSandbox('bubblewrap').agents, [key]: places } }];
}

test.each([
  ['/', 'is the whole machine'],
  ['BASE', 'contains your checkout'],
  ['BASE/repo', 'is your checkout'],
  ['BASE/repo/src', 'is in your checkout'],
  ['BASE/repo/not-yet', 'is in your checkout'],
  ['BASE/link', 'is in your checkout'],
  ['BASE/link/not-yet', 'is in your checkout'],
  ['BASE/other/../repo', 'is your checkout'],
  ['BASE/state', 'is the state directory of the yard'],
  ['BASE/state/lanes', 'is in the state directory of the yard'],
  ['/proc', 'is /proc'],
  ['/proc/1', 'is in /proc'],
  ['/sys', 'is /sys'],
  ['/dev', 'is /dev'],
  ['/run', 'is /run'],
  ['~', 'is your whole home'],
  ['~/', 'is your whole home'],
  ['/tmp', 'contains your checkout'],
  ['/var', 'contains /var/tmp'],
])('write: %s is refused', async (place, why) => {
  const grounds = await makeGrounds();
  const named = place.replace('BASE', grounds.base);
  const [sentence] = refusedPlaces(granting('write', named), grounds);
  // Where temporary directories are elsewhere, /tmp is refused for itself.
  if (place === '/tmp') expect(sentence).toMatch(/which (?:contains your checkout|is \/tmp)$/);
  else expect(sentence).toBe(`write of agents.a names ${named}, which ${why}`);
});

test.each([
  ['/', 'is the whole machine'],
  ['/proc', 'is /proc'],
  ['BASE', 'contains the state directory of the yard'],
  ['BASE/state/state.db', 'is in the state directory of the yard'],
])('read: %s is refused', async (place, why) => {
  const grounds = await makeGrounds();
  const named = place.replace('BASE', grounds.base);
  expect(refusedPlaces(granting('read', named), grounds)).toEqual([`read of agents.a names ${named}, which ${why}`]);
});

test('the place of all homes is not to be read', async () => {
  const grounds = await makeGrounds();
  expect(refusedPlaces(granting('read', dirname(homedir())), grounds)).toHaveLength(1);
});

test('places of their own are not refused', async () => {
  const grounds = await makeGrounds();
  const other = join(grounds.base, 'other');
  expect(refusedPlaces(granting('write', other, `${other}/not-yet`, '~/.config/my-agent'), grounds)).toEqual([]);
  expect(refusedPlaces(granting('read', other, join(grounds.root, 'src'), '/run/user'), grounds)).toEqual([]);
});

test('another working tree of the repository is not to be written', async () => {
  const grounds = await makeGrounds();
  const tree = join(grounds.base, 'other');
  const entry = join(grounds.commonDirectory, 'worktrees/other');
  mkdirSync(entry, { recursive: true });
  writeFileSync(join(entry, 'gitdir'), `${join(tree, '.git')}\n`);
  expect(refusedPlaces(granting('write', join(tree, 'src')), grounds)).toEqual([
    `write of agents.a names ${tree}/src, which is in a working tree of yours`,
  ]);
});

test('what is not there is told, and once for all who name it', async () => {
  const { base } = await makeGrounds();
  const place = join(base, 'not-yet');
  const [policy] = granting('write', place);
  const both = [policy!, { ...policy!, name: 'agents.b' }];
  expect(placeWarnings(both, support, null)).toEqual([
    `write of agents.a, agents.b: ${place} does not exist: what is written there is thrown away`,
  ]);
  expect(placeWarnings(granting('read', place), support, null)).toEqual([
    `read of agents.a: ${place} does not exist: there is nothing to read`,
  ]);
  expect(placeWarnings(granting('write', join(base, 'other')), support, null)).toEqual([]);
  // Without a sandbox it is simply written.
  const unheld = both.map(({ name, policy: held }) => ({ name, policy: { ...held, kind: 'none' as const } }));
  expect(placeWarnings(unheld, support, null)).toEqual([]);
});

test('what the user of the cells may not read or change is told', async () => {
  const { base } = await makeGrounds();
  const place = join(base, 'other');
  const told = (key: 'read' | 'write', mode: number) => {
    chmodSync(place, mode);
    return placeWarnings(granting(key, place), support, OTHER).length;
  };
  const because = 'cells run as nobody where the yard is root';
  chmodSync(place, 0o755);
  expect(placeWarnings(granting('write', place), support, OTHER)).toEqual([
    `write of agents.a: ${place} cannot be changed by it: ${because}`,
  ]);
  expect([told('read', 0o700), told('read', 0o755)]).toEqual([1, 0]);
  expect([told('write', 0o755), told('write', 0o777)]).toEqual([1, 0]);
});

test('its own owner may', async (context) => {
  if (process.getuid?.() !== 0) context.skip('only root can give it away');
  const { base } = await makeGrounds();
  const place = join(base, 'other');
  chownSync(place, OTHER.uid, OTHER.gid);
  chmodSync(place, 0o700);
  expect(placeWarnings(granting('write', place), support, OTHER)).toEqual([]);
});
