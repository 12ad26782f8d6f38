import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import {
  commitFiles,
  headOf,
  listRefsOf,
  makeRepository,
  readFileAt,
  runGit,
  writeFiles,
} from '../../test/fixtures/git/repository.ts';
import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { useLane, useYard } from '../../test/fixtures/git/yard.ts';
import type { TestYard } from '../../test/fixtures/git/yard.ts';
import { makeRedactor } from '../core/redact.ts';
import type { Lane } from './lane.ts';
import { commitsRefs, keepOwnCommits } from './own-commits.ts';
import type { OwnCommits } from './own-commits.ts';

const PREFIX = commitsRefs('task', 1);

async function keep(yard: TestYard, lane: Lane): Promise<OwnCommits> {
  return keepOwnCommits({
    depot: yard.depot,
    directory: lane.directory,
    taskId: 'task',
    attempt: 1,
    known: [lane.base, lane.content],
    temporary: join(yard.stateDirectory, 'tmp'),
    redactor: makeRedactor([{ name: 'CANARY', value: 'c4nary-0123456789' }]),
  });
}

async function commitInLane(lane: Lane, path: string, content: string): Promise<string> {
  return commitFiles({ path: lane.directory }, { [path]: content }, `adds ${path}`);
}

test('an agent that has not committed has nothing to keep', async () => {
  const yard = await useYard({ f: 'f' });
  await commitFiles(yard.source, { f: 'ff' });
  const lane = await useLane(yard);
  await writeFiles(lane.directory, { n: 'n' });
  await runGit(lane.directory, ['branch', 'elsewhere']);
  expect(await keep(yard, lane)).toEqual({ kind: 'kept', tips: [] });
  rmSync(join(lane.directory, '.git'), { recursive: true });
  expect(await keep(yard, lane)).toEqual({ kind: 'kept', tips: [] });
  expect(await listRefsOf(yard.depot.path, 'refs/yard/commits')).toEqual({});
});

test.each([['loose'], ['packed']])(
  'commits on any branch, detached ones, stashes and tags are kept whole: %s',
  async (form) => {
    const yard = await useYard({ f: 'f' });
    const lane = await useLane(yard);
    const at = async (...args: string[]): Promise<string> => runGit(lane.directory, args);
    const onBranch = await commitInLane(lane, 'branch', 'b');
    await at('checkout', '--quiet', '-b', 'other', yard.base);
    const onOther = await commitInLane(lane, 'other', 'o');
    await at('tag', '--annotate', '--message=t', 'tagged');
    const tag = await at('rev-parse', 'tagged');
    await writeFiles(lane.directory, { f: 'stashed' });
    await at('stash');
    const stash = await at('rev-parse', 'refs/stash');
    await at('checkout', '--quiet', '--detach', yard.base);
    const detached = await commitInLane(lane, 'detached', 'd');
    if (form === 'packed') await at('gc', '--quiet');
    const kept = await keep(yard, lane);
    expect(kept).toEqual({ kind: 'kept', tips: expect.arrayContaining([onBranch, onOther, tag, stash, detached]) });
    expect(Object.keys(await listRefsOf(yard.depot.path, PREFIX)).toSorted()).toEqual(
      [onBranch, onOther, tag, stash, detached].map((oid) => `${PREFIX}/${oid}`).toSorted(),
    );
    // Nothing of it is borrowed from the lane.
    rmSync(lane.directory, { recursive: true });
    await runGit(yard.depot.path, ['fsck', '--strict']);
    expect(await readFileAt(yard.depot.path, `${PREFIX}/${onBranch}`, 'branch')).toBe('b');
    expect(await readFileAt(yard.depot.path, `${PREFIX}/${detached}`, 'detached')).toBe('d');
    expect(await readFileAt(yard.depot.path, `${PREFIX}/${stash}`, 'f')).toBe('stashed');
    expect(readdirSync(join(yard.stateDirectory, 'tmp'))).toEqual([]);
  },
);

test('what the depot holds behind a ref is not kept again; what no ref holds is', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const commit = await commitInLane(lane, 'n', 'n');
  await keep(yard, lane);
  expect(await keep(yard, lane)).toEqual({ kind: 'kept', tips: [] });
  await runGit(yard.depot.path, ['update-ref', '-d', `${PREFIX}/${commit}`]);
  expect(await keep(yard, lane)).toEqual({ kind: 'kept', tips: [commit] });
  expect(await listRefsOf(yard.depot.path, PREFIX)).toEqual({ [`${PREFIX}/${commit}`]: commit });
});

const DOUBTS: [string, (git: string, yard: TestYard) => void | Promise<void>][] = [
  ['HEAD is a FIFO', (git) => replaceBy(join(git, 'HEAD'), makeFifo)],
  ['HEAD is a link', (git) => replaceBy(join(git, 'HEAD'), (path) => symlinkSync('/etc/hostname', path))],
  ['HEAD is a directory', (git) => replaceBy(join(git, 'HEAD'), (path) => mkdirSync(path))],
  ['HEAD is gone', (git) => rmSync(join(git, 'HEAD'))],
  ['HEAD says anything', (git) => writeFileSync(join(git, 'HEAD'), '--upload-pack=touch marker\n')],
  ['config is a FIFO', (git) => replaceBy(join(git, 'config'), makeFifo)],
  ['objects is a link', (git) => moveAndLink(join(git, 'objects'))],
  ['refs is a link', (git) => moveAndLink(join(git, 'refs'))],
  ['a link among the objects', (git) => symlinkSync('/etc/hostname', join(git, 'objects/ab'))],
  ['a FIFO among the refs', (git) => makeFifo(join(git, 'refs/heads/pipe'))],
  ['a link among the refs', (git) => symlinkSync('../../HEAD', join(git, 'refs/heads/link'))],
  ['a ref of nonsense', (git) => writeFileSync(join(git, 'refs/heads/odd'), '$(touch marker)\n')],
  ['a huge ref', (git) => writeFileSync(join(git, 'refs/heads/huge'), 'a'.repeat(100_000))],
  ['packed-refs is a FIFO', (git) => makeFifo(join(git, 'packed-refs'))],
  ['a ref of what is not there', (git) => writeFileSync(join(git, 'refs/heads/gone'), `${'1'.repeat(40)}\n`)],
  ['a working tree of its own', (git) => mkdirSync(join(git, 'worktrees'))],
  ['another common directory', (git, yard) => writeFileSync(join(git, 'commondir'), `${yard.source.path}/.git\n`)],
  [
    '.git is a file',
    (git, yard) => replaceBy(git, (path) => writeFileSync(path, `gitdir: ${yard.source.path}/.git\n`)),
  ],
  ['.git is a link', (git, yard) => replaceBy(git, (path) => symlinkSync(join(yard.source.path, '.git'), path))],
  ['.git is a FIFO', (git) => replaceBy(git, makeFifo)],
];

function replaceBy(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true });
  make(path);
}

function moveAndLink(path: string): void {
  renameSync(path, `${path}.moved`);
  symlinkSync(`${path}.moved`, path);
}

test.each(DOUBTS)('nothing is taken on a doubt, and nothing hangs: %s', async (_, spoil) => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  await commitInLane(lane, 'n', 'n');
  await spoil(join(lane.directory, '.git'), yard);
  expect(await keep(yard, lane)).toMatchObject({ kind: 'doubtful' });
  expect(await listRefsOf(yard.depot.path, 'refs/yard/commits')).toEqual({});
});

test('an alternates file of the agent’s leads nowhere', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const secret = await makeRepository(join(yard.directory, 'secret'), { key: 'S' });
  const stolen = await headOf(secret);
  writeFileSync(join(lane.directory, '.git/objects/info/alternates'), `${secret.path}/.git/objects\n`);
  writeFileSync(join(lane.directory, '.git/refs/heads/stolen'), `${stolen}\n`);
  expect(await keep(yard, lane)).toMatchObject({ kind: 'doubtful' });
  await expect(runGit(yard.depot.path, ['cat-file', '-e', stolen])).rejects.toThrow();
});

test('what was planted in the git directory never runs, and the commits are kept', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const marker = join(yard.directory, 'marker');
  const commit = await commitInLane(lane, 'n', 'n');
  const program = join(lane.directory, 'program');
  await writeFiles(lane.directory, { program: { executable: `#!/bin/sh\ntouch ${marker}\ncat\n` } });
  const settings = [
    'core.fsmonitor',
    'core.sshCommand',
    'core.alternateRefsCommand',
    'uploadpack.packObjectsHook',
    'filter.x.clean',
    'credential.helper',
    'gpg.program',
  ];
  for (const key of settings) await runGit(lane.directory, ['config', key, program]);
  await runGit(lane.directory, ['config', 'core.hooksPath', join(lane.directory, '.git/hooks')]);
  const hooks = ['reference-transaction', 'post-checkout', 'pre-auto-gc', 'post-index-change', 'pre-receive', 'update'];
  await writeFiles(
    join(lane.directory, '.git/hooks'),
    Object.fromEntries(hooks.map((hook) => [hook, { executable: `#!/bin/sh\ntouch ${marker}\n` }])),
  );
  expect(await keep(yard, lane)).toEqual({ kind: 'kept', tips: [commit] });
  expect(existsSync(marker)).toBe(false);
});

test('a tree that no git may check out is not taken', async () => {
  const yard = await useYard({ f: 'f' });
  const lane = await useLane(yard);
  const blob = await runGit(lane.directory, ['rev-parse', 'HEAD:f']);
  const inner = await treeWith(lane, `100644 blob ${blob}\tconfig\n`);
  const outer = await treeWith(lane, `040000 tree ${inner}\t.git\n`);
  const commit = await runGit(lane.directory, ['commit-tree', '-m', 'x', outer]);
  await runGit(lane.directory, ['update-ref', 'refs/heads/hostile', commit]);
  expect(await keep(yard, lane)).toMatchObject({ kind: 'doubtful', why: expect.stringContaining('hasDotgit') });
});

/** As `git mktree` would make it, which refuses nothing. */
async function treeWith(lane: Lane, entries: string): Promise<string> {
  writeFileSync(join(lane.directory, 'entries'), entries);
  return runGit(lane.directory, ['-c', 'alias.mk=!git mktree < entries', 'mk']);
}
