import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFiles, readFileAt, runGit } from '../../test/fixtures/git/repository.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard, YardSetup } from '../../test/fixtures/yard/yard.ts';
import { LEASE_MS } from '../core/lease.ts';
import { setRefs, treeOf } from '../git/depot.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { systemClock } from '../process/clock.ts';
import { ownIdentity } from '../process/identity.ts';

/** From a slot, the directory of the yard. */
const BASE = '../../..';
const gateOf = (run: string, rest: object = {}): YardSetup => ({
  config: { gates: { default: { run: `echo run >> ${BASE}/runs; ${run}`, timeout: '1m' } }, ...rest },
});
/** A gate that waits, each time, until the test lets it go. */
const WAIT = `n=$(wc -l < ${BASE}/runs); until [ -e ${BASE}/go-$n ]; do sleep 0.02; done`;

async function untilGate(yard: LocalYard, run: number): Promise<void> {
  await until(`gate ${run}`, () => yard.lines('runs').length >= run);
}

async function letGo(yard: LocalYard, run: number): Promise<void> {
  await writeFile(yard.path(`go-${run}`), '');
}

const logOf = (yard: LocalYard, format: string): Promise<string> =>
  yard.git('log', '--first-parent', `--format=${format}`, `${yard.parts.base}..${yard.target}`);

/** A commit of a person on the target. */
async function commitOnTarget(yard: LocalYard, name: string): Promise<string> {
  const { source } = yard.parts;
  await yard.git('checkout', '-q', '--detach', yard.target);
  const commit = await commitFiles(source, { [name]: 'a person\n' });
  await yard.git('update-ref', yard.target, commit);
  return commit;
}

/** A gate that writes down what it tests: names and contents. */
const SEE = `find . -type f | sort | xargs tail -n +1 | tr '\\n' ' ' >> ${BASE}/seen; echo >> ${BASE}/seen`;

async function contentOf(yard: LocalYard, commit: string): Promise<string> {
  const paths = (await yard.git('ls-tree', '-r', '--name-only', commit)).split('\n');
  const parts = [];
  for (const path of paths) parts.push(`==> ./${path} <==\n${await readFileAt(yard.parts.source, commit, path)}`);
  return parts.join('\n').replaceAll('\n', ' ');
}

test('lands by priority and id, one merge for each task, what was tested, and touches no checkout', async () => {
  const yard = await openYard(gateOf(SEE));
  await writeFile(join(yard.parts.source.path, 'README.md'), 'edited by a person\n');
  const status = await yard.git('status', '--porcelain');
  await yard.accept('TASK-10', { c: 'c\n' });
  await yard.accept('TASK-9', { b: 'b\n' });
  const urgent = await yard.accept(
    'TASK-11',
    { a: 'a\n' },
    { rest: { priority: 5, title: 'Urgent\nYard-Task: TASK-0' } },
  );
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect((await logOf(yard, '%(trailers:key=Yard-Task,valueonly)')).split('\n').filter((line) => line !== '')).toEqual([
    'TASK-10',
    'TASK-9',
    'TASK-11',
  ]);
  const commits = (await logOf(yard, '%H')).split('\n').toReversed();
  const contents = await Promise.all(commits.map((commit) => contentOf(yard, commit)));
  expect(yard.lines('seen')).toEqual(contents);
  expect(contents[2]).toContain('==> ./c <== c');
  for (const id of ['TASK-9', 'TASK-10', 'TASK-11']) {
    const state = await yard.state(id);
    if (state.status !== 'landed') throw new Error(`${id} is ${state.status}`);
    const opened = (await yard.events('landing.opened', id)).map(
      ({ data }) => (data as { newCommit: string }).newCommit,
    );
    expect(opened).toEqual([state.commit]);
  }
  const first = await yard.git(
    'log',
    '-1',
    '--format=%P%n%s%n%an%n%(trailers:key=Yard-Attempt,valueonly)%(trailers:key=Yard-Evidence,valueonly)',
    `${yard.target}~2`,
  );
  expect(first.split('\n').slice(0, 5)).toEqual([
    `${yard.parts.base} ${urgent}`,
    'Urgent Yard-Task: TASK-0',
    'Yardmaster',
    '1',
    'attempts/TASK-11/1',
  ]);
  expect(await yard.git('status', '--porcelain')).toBe(status);
  expect(await yard.git('rev-parse', 'main')).toBe(yard.parts.base);
  expect(await yard.store.openIntents()).toEqual([]);
  expect(await yard.store.leases()).toEqual(
    (await yard.store.leases()).filter(({ resource }) => resource === 'scheduler'),
  );
});

test('a combination that is the tree of the attempt is not tested again, and its lane is gone once it has landed', async () => {
  const yard = await openYard(gateOf('true'));
  await yard.add('TASK-1');
  await yard.does('TASK-1', 'echo a > a');
  const { outcome } = await yard.attempt('TASK-1');
  expect(existsSync(join(yard.stateDirectory, 'lanes/TASK-1'))).toBe(true);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(yard.lines('runs')).toHaveLength(1);
  const head = outcome?.kind === 'accepted' ? outcome.head : '';
  expect(await yard.git('rev-parse', `${yard.target}^{tree}`)).toBe(await treeOf(yard.depot, head));
  expect(await yard.git('log', '-1', '--format=%(trailers:key=Yard-Evidence,valueonly)', yard.target)).toMatch(
    /^attempts\/TASK-1\/1 sha256:[0-9a-f]{64}/,
  );
  expect(existsSync(join(yard.stateDirectory, 'lanes/TASK-1'))).toBe(false);
});

test('it waits for an attempt that is at work, and lands what that one brings', async () => {
  const yard = await openYard(gateOf('true'));
  await yard.add('TASK-2');
  const { fence } = await yard.dispatch('TASK-2');
  await yard.store.claim(fence, ownIdentity(), systemClock.monotonicMs() + LEASE_MS);
  await yard.accept('TASK-1', { a: 'a\n' });
  const running = yard.train();
  await until('the first landing', async () => (await yard.status('TASK-1')) === 'landed');
  await yard.store.finish(fence, 'TASK-2', 1, { kind: 'question', text: 'Which?' });
  expect(await running).toEqual({ kind: 'empty' });
});

test('a conflict goes back to its own lane, with both sides named; the others land', async () => {
  const yard = await openYard({ ...gateOf('true'), files: { a: 'base\n' } });
  await yard.accept('TASK-1', { a: 'one\n' });
  await yard.add('TASK-2');
  await yard.does(
    'TASK-2',
    'if [ "$YARD_ATTEMPT" = 1 ]; then echo two > a; else grep -q "<<<<<<<" a; printf "one\\ntwo\\n" > a; fi',
  );
  await yard.attempt('TASK-2');
  await yard.accept('TASK-3', { b: 'three\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-2')).toBe('ready');
  const [conflicted] = await yard.events('task.conflicted', 'TASK-2');
  expect(conflicted?.data).toMatchObject({
    why: 'it conflicts with what has landed since, in a',
    detail: expect.stringMatching(/CONFLICT[\s\S]*TASK-1[\s\S]*\+one/) as string,
  });
  expect((await yard.store.task('TASK-2'))?.counters).toMatchObject({ conflicts: 1, retries: 0 });
  expect(await yard.status('TASK-3')).toBe('landed');
  expect((await yard.attempt('TASK-2')).outcome).toMatchObject({ kind: 'accepted' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await readFileAt(yard.parts.source, yard.target, 'a')).toBe('one\ntwo\n');
});

test('case 27: two tasks green alone and red together: the second is sent back with the log, the others land', async () => {
  const yard = await openYard(gateOf('if [ -e a ] && [ -e b ]; then echo a and b do not go together; exit 1; fi'));
  await yard.accept('TASK-1', { a: 'a\n' });
  await yard.accept('TASK-2', { b: 'b\n' });
  await yard.accept('TASK-3', { c: 'c\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2'), await yard.status('TASK-3')]).toEqual([
    'landed',
    'ready',
    'landed',
  ]);
  const [blamed] = await yard.events('task.blamed', 'TASK-2');
  expect(blamed?.data).toMatchObject({ detail: expect.stringContaining('do not go together') as string });
  expect((await yard.store.task('TASK-2'))?.counters.retries).toBe(1);
  // One, two reds, no control (the target was green as the first combination), one.
  expect(yard.lines('runs')).toHaveLength(4);
});

test('what a person took off the target does not come back with work that was made on it', async () => {
  const yard = await openYard(gateOf('true'));
  const { base } = yard.parts;
  await yard.accept('TASK-1', { a: 'a\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  const removed = await yard.targetHead();
  await yard.accept('TASK-2', { b: 'b\n' }, { base: removed });
  // As yard resume does it.
  await yard.git('update-ref', yard.target, base);
  await setRefs(yard.depot, { [TARGET_RECORD]: base });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-2')).toBe('landed');
  expect(await yard.git('diff', '--name-only', base, yard.target)).toBe('b');
  expect((await yard.git('rev-list', yard.target)).split('\n')).not.toContain(removed);
  expect(await yard.git('rev-list', '--count', '--merges', `${base}..${yard.target}`)).toBe('1');
});

test('case 24: the third is tested on the first, without the second that was red: only that one is sent back', async () => {
  // Red with b in whatever company: a third that stood on the second would be red as well.
  const yard = await openYard(gateOf(`${SEE}; test ! -e b`));
  for (const [id, name] of Object.entries({ 'TASK-1': 'a', 'TASK-2': 'b', 'TASK-3': 'c' })) {
    await yard.accept(id, { [name]: 'x\n' });
  }
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2'), await yard.status('TASK-3')]).toEqual([
    'landed',
    'ready',
    'landed',
  ]);
  expect(yard.lines('seen')).toHaveLength(4);
  expect(yard.lines('seen')[3]).toMatch(/\.\/a <==.*\.\/c <==/);
  expect((await yard.store.task('TASK-3'))?.counters.retries).toBe(0);
});

// The train is serial: there is no batch to be cut in halves, and the bound is one run for each and one more for a red.
test.each([
  ['in the order of their numbers', (task: number) => -task],
  ['in the opposite order', (task: number) => task],
  ['the bad one first', (task: number) => (task === 5 ? 9 : -task)],
])('case 26: eight tasks, the fifth is bad, %s: seven land, that one is sent back alone', async (_, priority) => {
  const yard = await openYard(gateOf('test ! -e bad'));
  const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
  for (const task of numbers) {
    const name = task === 5 ? 'bad' : `good-${task}`;
    await yard.accept(`TASK-${task}`, { [name]: 'x\n' }, { rest: { priority: priority(task) } });
  }
  expect(await yard.train()).toEqual({ kind: 'empty' });
  for (const task of numbers) expect(await yard.status(`TASK-${task}`)).toBe(task === 5 ? 'ready' : 'landed');
  const landed = numbers.filter((task) => task !== 5).map((task) => `good-${task}`);
  expect((await yard.git('ls-tree', '--name-only', yard.target)).split('\n')).toEqual(['README.md', ...landed]);
  // Where nothing has landed yet, the target is tested too before anybody is blamed.
  expect(yard.lines('runs')).toHaveLength(priority(5) === 9 ? 10 : 9);
});

test('case 25: red twice: sent back, and both logs are kept', async () => {
  const yard = await openYard(gateOf(`test ! -e a || { echo "run $(wc -l < ${BASE}/runs)"; exit 1; }`));
  await yard.accept('TASK-1', { a: 'a\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-1')).toBe('ready');
  expect(await yard.events('train.flake', 'TASK-1')).toEqual([]);
  const logs = join(yard.stateDirectory, 'train/TASK-1');
  const [combination = ''] = readdirSync(logs);
  expect(readFileSync(join(logs, combination, 'gate.log'), 'utf8')).toMatch(/run +1/);
  expect(readFileSync(join(logs, combination, 'gate-again.log'), 'utf8')).toMatch(/run +2/);
});

test('case 25: red once and then green: it lands, and the flake is noted', async () => {
  const yard = await openYard(gateOf(`test "$(wc -l < ${BASE}/runs)" != 1`));
  await yard.accept('TASK-1', { a: 'a\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-1')).toBe('landed');
  expect(await yard.events('train.flake', 'TASK-1')).toHaveLength(1);
});

// What lands was proved, so no red escapes a gate; only a person can put one on the target.
test('case 28: a target that a person made red stops the yard once every task was tried, and blames nobody', async () => {
  const yard = await openYard(gateOf('test ! -e red'));
  const theirs = await commitOnTarget(yard, 'red');
  await yard.sync();
  for (const id of ['TASK-1', 'TASK-2']) await yard.accept(id, { [id]: 'x\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect((await yard.store.control()).stopped).toMatchObject({ by: 'train' });
  for (const id of ['TASK-1', 'TASK-2']) {
    expect(await yard.status(id)).toBe('accepted');
    expect((await yard.store.task(id))?.counters.retries).toBe(0);
    expect(await yard.events('train.base-red', id)).toHaveLength(1);
  }
  expect(await yard.targetHead()).toBe(theirs);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(yard.lines('runs')).toHaveLength(6);
});

test('case 28: a task that mends a red target lands, and those that were set back come after it', async () => {
  const yard = await openYard(gateOf('test -e fix'));
  await yard.accept('TASK-1', { a: 'a\n' });
  await yard.accept('TASK-2', { fix: 'x\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2')]).toEqual(['landed', 'landed']);
  expect((await yard.store.control()).stopped).toBeNull();
});

test('a machine that fails three times in a row stops the yard; the task stays accepted', async () => {
  const yard = await openYard(gateOf('true', { provision: [{ source: '.env', required: true }] }));
  await yard.accept('TASK-1', { a: 'a\n' });
  expect(await yard.train()).toMatchObject({ kind: 'blocked' });
  expect(await yard.events('train.infrastructure')).toHaveLength(3);
  expect((await yard.store.control()).stopped).toMatchObject({ by: 'train' });
  expect(await yard.status('TASK-1')).toBe('accepted');
  expect((await yard.store.task('TASK-1'))?.counters).toMatchObject({ retries: 0, infrastructure: 0 });
});

test('no place for a checkout is the machine’s fault', async () => {
  const yard = await openYard(gateOf('true'));
  await yard.accept('TASK-1', { a: 'a\n' });
  await writeFile(join(yard.stateDirectory, 'gates'), 'a file');
  expect(await yard.train()).toMatchObject({ kind: 'blocked' });
  expect(await yard.status('TASK-1')).toBe('accepted');
});

test('case 22: a person moves the target while its gate runs: combined and tested again', async () => {
  const yard = await openYard(gateOf(WAIT));
  await yard.accept('TASK-1', { a: 'a\n' });
  const running = yard.train();
  await untilGate(yard, 1);
  const theirs = await commitOnTarget(yard, 'theirs');
  await letGo(yard, 1);
  await letGo(yard, 2);
  expect(await running).toEqual({ kind: 'empty' });
  expect(yard.lines('runs')).toHaveLength(2);
  expect(await yard.git('rev-parse', `${yard.target}^1`)).toBe(theirs);
  expect(await readFileAt(yard.parts.source, yard.target, 'a')).toBe('a\n');
  expect(await yard.events('landing.closed', 'TASK-1')).toHaveLength(2);
});

const OBSTACLES: readonly [string, (yard: LocalYard) => Promise<unknown>, RegExp][] = [
  ['checked out', (yard) => yard.git('checkout', '-q', 'agent/integration'), /checked out in/],
  ['made a symbolic ref', (yard) => yard.git('symbolic-ref', yard.target, 'refs/heads/main'), /symbolic ref to/],
  ['deleted', (yard) => yard.git('update-ref', '-d', yard.target), /does not exist/],
  ['moved back', (yard) => yard.git('update-ref', yard.target, yard.parts.base), /moved back/],
];

test.each(OBSTACLES)(
  'case 23: the target is %s while its gate runs: nothing lands, and the reason is said',
  async (_, obstruct, why) => {
    const yard = await openYard(gateOf(WAIT));
    await commitOnTarget(yard, 'theirs');
    await yard.sync();
    await yard.accept('TASK-1', { a: 'a\n' });
    const running = yard.train();
    await untilGate(yard, 1);
    await obstruct(yard);
    const refs = await yard.git('for-each-ref');
    await letGo(yard, 1);
    const end = await running;
    expect(end).toMatchObject({ kind: 'blocked' });
    expect(end.kind === 'blocked' && end.why).toMatch(why);
    expect(await yard.status('TASK-1')).toBe('accepted');
    expect(await yard.git('for-each-ref')).toBe(refs);
    expect(await yard.store.openIntents()).toEqual([]);
    // And so it is before any gate runs.
    expect(await yard.train()).toEqual(end);
    expect(yard.lines('runs')).toHaveLength(1);
  },
);

test('cancelled while its gate runs: it does not land', async () => {
  const yard = await openYard(gateOf(WAIT));
  await yard.accept('TASK-1', { a: 'a\n' });
  await yard.accept('TASK-2', { b: 'b\n' });
  const running = yard.train();
  await untilGate(yard, 1);
  await yard.store.withdraw('TASK-1', { kind: 'cancelled' });
  await letGo(yard, 1);
  await letGo(yard, 2);
  expect(await running).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2')]).toEqual(['cancelled', 'landed']);
  expect(await runGit(yard.parts.source.path, ['ls-tree', '--name-only', yard.target])).toBe('README.md\nb');
});

test('stopped by a person while its gate runs: that one lands, the next does not', async () => {
  const yard = await openYard(gateOf(WAIT));
  await yard.accept('TASK-1', { a: 'a\n' });
  await yard.accept('TASK-2', { b: 'b\n' });
  const running = yard.train();
  await untilGate(yard, 1);
  await yard.store.stop('the operator', 'enough');
  await letGo(yard, 1);
  expect(await running).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2')]).toEqual(['landed', 'accepted']);
});
