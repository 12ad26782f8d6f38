import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commitFiles, runGit } from '../../test/fixtures/git/repository.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import type { Fence } from '../core/lease.ts';
import { LEASE_MS } from '../core/lease.ts';
import { fetchCommit, treeOf } from '../git/depot.ts';
import { systemClock } from '../process/clock.ts';
import { ownIdentity } from '../process/identity.ts';

const TASK = 'TASK-1';
const far = (): number => systemClock.monotonicMs() + 100 * LEASE_MS;

/** A train that died with a landing open: its lease, the intent, and the commit that was to land. */
async function diedLanding(yard: LocalYard): Promise<{ commit: string }> {
  const head = await yard.accept(TASK, { a: 'a\n' });
  const dead = { ...ownIdentity(), startTime: '1' };
  const taken = await yard.store.acquire('train', dead, far(), () => false);
  if (taken.kind === 'held') throw new Error('held');
  await yard.store.transition(TASK, { kind: 'boarded' }, taken.fence);
  const { base } = yard.parts;
  const args = ['commit-tree', `${head}^{tree}`, '-p', base, '-p', head, '-m', 'land it'];
  const commit = await runGit(yard.depot.path, args);
  const intent = {
    kind: 'land',
    taskId: TASK,
    attempt: 1,
    target: yard.target,
    oldCommit: base,
    newCommit: commit,
    tree: await treeOf(yard.depot, commit),
    verdict: 'key',
  } as const;
  await yard.store.addVerdict(taken.fence, {
    key: 'key',
    tree: intent.tree,
    gate: 'default',
    atMs: 0,
    durationMs: 0,
    evidence: 'log',
  });
  await yard.store.openLanding(taken.fence, intent);
  return { commit };
}

async function bring(yard: LocalYard, commit: string): Promise<void> {
  await fetchCommit({ into: yard.parts.repository.commonDirectory, from: yard.depot.path, commit });
}

/** A commit of a person on top of another. */
async function commitOn(yard: LocalYard, commit: string): Promise<string> {
  await yard.git('checkout', '-q', '--detach', commit);
  return commitFiles(yard.parts.source, { theirs: 'x\n' });
}

const landed = (yard: LocalYard) => yard.events('landing.closed', TASK);

test('case 3: the target is where it was: the landing is carried out', async () => {
  const yard = await openYard();
  const { commit } = await diedLanding(yard);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.targetHead()).toBe(commit);
  expect(await yard.state(TASK)).toEqual({ status: 'landed', commit });
});

test('case 2: the target has moved already: the landing is recorded, and not made again', async () => {
  const yard = await openYard();
  const { commit } = await diedLanding(yard);
  await bring(yard, commit);
  await yard.git('update-ref', yard.target, commit);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.targetHead()).toBe(commit);
  expect(await yard.state(TASK)).toEqual({ status: 'landed', commit });
});

test('case 2: others have gone on from it: the landing is recorded, and not made again', async () => {
  const yard = await openYard();
  const { commit } = await diedLanding(yard);
  await bring(yard, commit);
  const beyond = await commitOn(yard, commit);
  await yard.git('update-ref', yard.target, beyond);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.targetHead()).toBe(beyond);
  expect(await yard.state(TASK)).toEqual({ status: 'landed', commit });
});

test('case 3: the target has moved elsewhere: the landing is undone, and made anew from there', async () => {
  const yard = await openYard();
  const { commit } = await diedLanding(yard);
  const elsewhere = await commitOn(yard, yard.parts.base);
  await yard.git('update-ref', yard.target, elsewhere);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect((await landed(yard)).map(({ data }) => (data as { result: { kind: string } }).result.kind)).toEqual([
    'undone',
    'landed',
  ]);
  expect(await yard.git('rev-parse', `${yard.target}^1`)).toBe(elsewhere);
  expect(await yard.state(TASK)).not.toMatchObject({ commit });
});

test.each([
  ['gone', (yard: LocalYard) => yard.git('update-ref', '-d', yard.target)],
  ['checked out', (yard: LocalYard) => yard.git('checkout', '-q', 'agent/integration')],
])('the target is %s: the landing is undone, and the train says why nothing lands', async (_, obstruct) => {
  const yard = await openYard();
  await diedLanding(yard);
  await obstruct(yard);
  expect(await yard.train()).toMatchObject({ kind: 'blocked' });
  expect(await yard.status(TASK)).toBe('accepted');
  expect(await yard.store.openIntents()).toEqual([]);
});

test('a stop does not keep an open landing from its end', async () => {
  const yard = await openYard();
  const { commit } = await diedLanding(yard);
  await yard.store.stop('the operator', 'enough');
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.targetHead()).toBe(commit);
});

test('a task that a train which died had only boarded goes on', async () => {
  const yard = await openYard();
  await yard.accept(TASK, { a: 'a\n' });
  await yard.store.acquire('train', { ...ownIdentity(), startTime: '1' }, far(), () => false);
  await yard.store.transition(TASK, { kind: 'boarded' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status(TASK)).toBe('landed');
});

test('a second train is held', async () => {
  const yard = await openYard();
  await yard.accept(TASK, { a: 'a\n' });
  const taken = await yard.store.acquire('train', ownIdentity(), far(), () => false);
  expect(await yard.train()).toEqual({ kind: 'held' });
  expect(await yard.status(TASK)).toBe('accepted');
  if (taken.kind === 'acquired') await yard.store.release(taken.fence);
  expect(await yard.train()).toEqual({ kind: 'empty' });
});

test('a train that another has taken over from writes nothing; the other takes up what it left', async () => {
  const run = 'touch ../../../gating; until [ -e ../../../go ]; do sleep 0.02; done';
  const yard = await openYard({ config: { gates: { default: { run, timeout: '1m' } } } });
  await yard.accept(TASK, { a: 'a\n' });
  const stale = yard.train();
  await until('the gate', async () => yard.lines('gating').length === 0 && (await yard.status(TASK)) === 'landing');
  const other = await yard.store.acquire('train', ownIdentity(), far(), () => true);
  await writeFile(yard.path('go'), '');
  expect(await stale).toEqual({ kind: 'lost' });
  expect(await yard.targetHead()).toBe(yard.parts.base);
  expect(await yard.state(TASK)).toMatchObject({ status: 'landing', sealed: false });
  expect(await yard.store.openIntents()).toEqual([]);
  const fence: Fence | null = other.kind === 'acquired' ? other.fence : null;
  expect(await yard.store.lease('train')).toMatchObject({ token: fence?.token });
  if (fence !== null) await yard.store.release(fence);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status(TASK)).toBe('landed');
});

test('what the target holds already is recorded, and not landed again', async () => {
  const yard = await openYard();
  const head = await yard.accept(TASK, { a: 'a\n' });
  const { base } = yard.parts;
  // A git that outlived its train, or a store from a copy: landed, and nobody knows.
  const args = ['commit-tree', `${head}^{tree}`, '-p', base, '-p', head, '-m', `Do it\n\nYard-Task: ${TASK}\n`];
  const holder = await runGit(yard.depot.path, args);
  const after = await runGit(yard.depot.path, ['commit-tree', `${head}^{tree}`, '-p', holder, '-m', 'theirs']);
  await bring(yard, after);
  await yard.git('update-ref', yard.target, after, base);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.state(TASK)).toEqual({ status: 'landed', commit: holder });
  expect(await yard.targetHead()).toBe(after);
  expect(await yard.store.openIntents()).toEqual([]);
});
