import { openCells } from '../../test/fixtures/cells.ts';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runGateOn, treeWith } from '../../test/fixtures/yard/gate.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import { treeOf } from '../git/depot.ts';
import { MARKER_VARIABLE } from '../process/table.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { spawnDetached } from '../process/spawn.ts';
import { findMarked } from '../process/tree.ts';
import type { Slot } from './slot-pool.ts';
import { takeSlot } from './slot-pool.ts';

const FILES = {
  'src/deep/a.txt': 'aaaa\n',
  'src/b.txt': 'bbbb\n',
  link: { link: 'src/b.txt' },
  'run.sh': { executable: 'true\n' },
} as const;

/** Everything about the directory that a gate can see but times: names, kinds, modes, contents. */
const LOOK = `find . \\( -type d -printf '%.4M %p\\n' -o -type l -printf '%y %p %l\\n' -o -printf '%.4M %p\\n' \\) | sort; find . -type f | sort | xargs cat`;

function placesOf({ store, depot, stateDirectory }: LocalYard): Parameters<typeof takeSlot>[0] {
  return { store, depot, stateDirectory, cells: openCells(stateDirectory) };
}

async function take(yard: LocalYard, rest: Partial<Parameters<typeof takeSlot>[1]> = {}): Promise<Slot> {
  const tree = await treeOf(yard.depot, yard.parts.base);
  const signal = new AbortController().signal;
  const slot = await takeSlot(placesOf(yard), { tree, slots: null, marker: 'test', signal, ...rest });
  if (slot === null) throw new Error('no slot');
  return slot;
}

test.each([
  ['new files', 'echo x > src/new; mkdir -p other/deep; echo y > other/deep/z; echo "*" > .gitignore'],
  [
    'another content of the same size and time',
    'touch -r src/b.txt /tmp/$$; echo cccc > src/b.txt; touch -r /tmp/$$ src/b.txt; rm /tmp/$$',
  ],
  ['an executable bit', 'chmod +x src/b.txt; chmod -x run.sh'],
  [
    'a repository',
    'mkdir -p .git/hooks src/.git; echo "[core] fsmonitor = touch $PWD/../ran" > .git/config; echo x > src/.git/HEAD',
  ],
  ['attributes', 'echo "* eol=crlf" > .gitattributes; mkdir -p src; echo "* filter=x" > src/.gitattributes'],
  ['directories that are links', 'mv src ../elsewhere-$$; ln -s "$PWD/../elsewhere-$$" src'],
  [
    'files that are directories, and the reverse',
    'rm src/b.txt; mkdir src/b.txt; rm -r src/deep; echo x > src/deep; ln -sfn / link',
  ],
  ['closed directories and files', 'mkdir closed; echo x > closed/x; chmod 000 closed src/deep src/b.txt'],
  ['read-only directories and files', 'chmod -R a-w .'],
  ['FIFOs', 'rm src/b.txt; mkfifo src/b.txt fifo'],
  ['nothing', 'rm -rf ./* ./.[!.]*'],
  ['the slot itself', 'here=$PWD; cd ..; rm -rf "$here"; ln -s / "$here"'],
])('what a gate leaves behind does not reach the next one: %s', async (_, dirt) => {
  const yard = await openYard({ files: FILES });
  const out = yard.path('seen');
  const look = `{ pwd; ${LOOK}; } > ${out}`;
  await runGateOn(yard, look);
  const clean = readFileSync(out, 'utf8');
  const dirtied = await runGateOn(yard, `set -e\n${dirt}`);
  expect(dirtied).toMatchObject({ kind: 'green' });
  await runGateOn(yard, `true; ${look}`);
  expect(readFileSync(out, 'utf8')).toBe(clean);
});

test('from one tree to another, only what is in the other is left', async () => {
  const yard = await openYard({ files: FILES });
  const other = await treeWith(yard, {
    'src/b.txt': null,
    'src/deep/a.txt': null,
    'src/c.txt/d': 'd\n',
    'new.txt': 'new\n',
  });
  await runGateOn(yard, 'echo x > untracked');
  const result = await runGateOn(
    yard,
    'test ! -e src/b.txt && test ! -e src/deep && test -f src/c.txt/d && test -f new.txt && test ! -e untracked',
    { tree: other },
  );
  expect(result).toMatchObject({ kind: 'green' });
});

test('two gates at once use two slots, and a slot that is given back is used again', async () => {
  const yard = await openYard();
  const [one, two] = await Promise.all([take(yard), take(yard)]);
  expect(new Set([one.directory, two.directory]).size).toBe(2);
  await one.release();
  const three = await take(yard);
  expect(three.directory).toBe(one.directory);
  await two.release();
  await three.release();
  expect(await yard.store.leases()).toEqual([]);
});

test('where all slots are in use, one is waited for; or not any more', async () => {
  const yard = await openYard();
  const one = await take(yard, { slots: 1 });
  const abort = new AbortController();
  const tree = await treeOf(yard.depot, yard.parts.base);
  const given = takeSlot(placesOf(yard), { tree, slots: 1, marker: 'test', signal: abort.signal });
  abort.abort();
  expect(await given).toBeNull();
  const waiting = take(yard, { slots: 1 });
  await one.release();
  const next = await waiting;
  expect(next.directory).toBe(one.directory);
  await next.release();
});

test('the slot of a process that died is taken over, and its gate is ended first', async () => {
  const yard = await openYard();
  const dead = { ...ownIdentity(), startTime: '1' };
  await yard.store.acquire('slot:0', dead, Number.MAX_SAFE_INTEGER, () => false);
  const directory = join(yard.stateDirectory, 'gates/0');
  await mkdir(directory, { recursive: true });
  const marker = `${yard.stateDirectory}:TASK-1:1:1`;
  await writeFile(join(yard.stateDirectory, 'gates/0.marker'), marker);
  const left = await spawnDetached('/bin/sh', ['-c', 'trap "" TERM; echo > up; exec sleep 1000'], {
    cwd: directory,
    env: { PATH: process.env['PATH'] ?? '', [MARKER_VARIABLE]: marker },
    logFile: yard.path('left.log'),
  });
  if (left.kind !== 'spawned') throw new Error(left.message);
  await until('what was left', () => existsSync(join(directory, 'up')));
  const slot = await take(yard);
  expect(slot.directory).toBe(directory);
  expect(isAlive(left.identity)).toBe(false);
  expect(findMarked(marker)).toEqual([]);
  expect(readdirSync(directory)).toEqual(['README.md']);
  await slot.release();
});

test('a slot of which processes survived is retired: the next one is another directory', async () => {
  const yard = await openYard();
  const slot = await take(yard);
  await writeFile(join(slot.directory, 'written'), 'x');
  await slot.retire();
  const next = await take(yard);
  expect(next.directory).toBe(slot.directory);
  expect(readdirSync(next.directory)).toEqual(['README.md']);
  await next.release();
  const retired = readdirSync(join(yard.stateDirectory, 'gates')).filter((name) => name.startsWith('.retired'));
  expect(retired).toHaveLength(1);
});
