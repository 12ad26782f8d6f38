import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runGit } from '../fixtures/git/repository.ts';
import { openYard } from '../fixtures/yard/yard.ts';
import type { LocalYard } from '../fixtures/yard/yard.ts';
import { damagedBetween, findCorruptObjects, findDamage, loosePath } from '../../src/git/object-damage.ts';
import { repairDepot } from '../../src/git/object-repair.ts';
import { TARGET_RECORD } from '../../src/git/target-sync.ts';

type Damage = (path: string) => void;

const empty: Damage = (path) => {
  chmodSync(path, 0o600);
  truncateSync(path);
};
const flipped: Damage = (path) => {
  chmodSync(path, 0o600);
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at);
  writeFileSync(path, bytes);
};
const gone: Damage = (path) => rmSync(path);

/** Damages an object of the depot, which must be loose. */
async function damage(yard: LocalYard, name: string, how: Damage): Promise<string> {
  const oid = await runGit(yard.depot.path, ['rev-parse', '--verify', name]);
  how(loosePath(join(yard.depot.path, 'objects'), oid));
  return oid;
}

test.each<[string, (head: string) => string, Damage]>([
  ['a blob is empty', (head) => `${head}:a.txt`, empty],
  ['a blob has a flipped bit', (head) => `${head}:a.txt`, flipped],
  ['a tree is gone', (head) => `${head}^{tree}`, gone],
  ['the commit itself is empty', (head) => head, empty],
])(
  'case 34: of a queued commit %s: that task is sent back as "object corrupt", the others land',
  async (_, which, how) => {
    const yard = await openYard();
    const head = await yard.accept('A-1', { 'a.txt': 'a, which is of some length\n' });
    await yard.accept('B-1', { 'b.txt': 'b\n' });
    await yard.accept('C-1', { 'c.txt': 'c\n' });
    await damage(yard, which(head), how);
    expect(await damagedBetween(yard.depot, head, TARGET_RECORD)).toHaveLength(1);
    expect(await yard.train()).toEqual({ kind: 'empty' });
    expect(await yard.status('A-1')).toBe('ready');
    expect((await yard.events('task.blamed', 'A-1')).map(({ data }) => data)).toMatchObject([
      { why: expect.stringMatching(/^object corrupt: /) },
    ]);
    expect([await yard.status('B-1'), await yard.status('C-1')]).toEqual(['landed', 'landed']);
    // The same content again: it is written anew, not taken for what was damaged.
    await yard.accept('A-1', { 'a.txt': 'a, which is of some length\n' });
    expect(await yard.train()).toEqual({ kind: 'empty' });
    expect(await yard.status('A-1')).toBe('landed');
    await runGit(yard.parts.source.path, ['fsck', '--strict', '--no-dangling']);
  },
);

test('case 34: what the lane still holds is put back, and the task lands', async () => {
  const yard = await openYard();
  await yard.add('A-1');
  await yard.does('A-1', 'echo "a, which is of some length" > a.txt');
  const { outcome } = await yard.attempt('A-1');
  if (outcome?.kind !== 'accepted') throw new Error(`A-1 is ${outcome?.kind}`);
  const oid = await damage(yard, `${outcome.head}:a.txt`, empty);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('A-1')).toBe('landed');
  expect((await yard.events('depot.damaged')).map(({ data }) => data)).toEqual([
    { head: outcome.head, setAside: [oid], restored: [oid] },
  ]);
  expect(readdirSync(join(yard.depot.path, 'damaged'))).toEqual([oid]);
  expect(await findDamage(yard.depot)).toBeNull();
});

test('what the repository has too is restored from there, layer by layer', async () => {
  const yard = await openYard({ files: { 'deep/er/f.txt': 'some text of some length\n' } });
  const { repository } = yard.parts;
  const damaged: string[] = [];
  for (const [name, how] of [
    [`${yard.parts.base}:deep/er/f.txt`, flipped],
    [`${yard.parts.base}:deep/er`, gone],
    [`${yard.parts.base}:deep`, empty],
  ] as const) {
    damaged.push(await damage(yard, name, how));
  }
  const [blob = '', , top = ''] = damaged;
  expect(new Set(findCorruptObjects(yard.depot).map(({ oid }) => oid))).toEqual(new Set([blob, top]));
  expect((await findDamage(yard.depot))?.oids).toEqual(expect.arrayContaining([top]));
  const repaired = await repairDepot({
    depot: yard.depot,
    repository,
    stateDirectory: yard.stateDirectory,
    taskIds: [],
    isAtRest: () => Promise.resolve(true),
  });
  expect(repaired.left).toBeNull();
  expect(new Set(repaired.restored)).toEqual(new Set(damaged));
  expect(await findDamage(yard.depot)).toBeNull();
  expect(existsSync(join(yard.depot.path, 'damaged', blob))).toBe(true);
});

test('what the target itself has lost is blamed on no task: the yard stops, and says so', async () => {
  const yard = await openYard({ files: { 'deep/f.txt': 'some text of some length\n' } });
  await yard.accept('A-1', { 'a.txt': 'a\n' });
  await yard.accept('B-1', { 'b.txt': 'b\n' });
  const oid = await damage(yard, `${yard.parts.base}^{tree}`, empty);
  gone(loosePath(join(yard.parts.repository.commonDirectory, 'objects'), oid));
  expect(await yard.train()).toEqual({
    kind: 'blocked',
    why: expect.stringContaining('the history of the target'),
  });
  expect([await yard.status('A-1'), await yard.status('B-1')]).toEqual(['accepted', 'accepted']);
  expect(await yard.events('task.blamed')).toEqual([]);
  expect((await yard.store.control()).stopped).toMatchObject({
    why: expect.stringContaining('the history of the target'),
  });
});
