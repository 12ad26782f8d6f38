import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { memoryHog, whyNoMemoryLimit } from '../../test/fixtures/sandbox/memory-hog.ts';
import { runGateOn, settingOf, treeWith } from '../../test/fixtures/yard/gate.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import type { PrewarmEntry } from '../config/schema.ts';
import type { CellLimits } from '../core/cell-policy.ts';
import { treeOf } from '../git/depot.ts';
import { findMarked } from '../process/tree.ts';
import { prewarmInto } from './prewarm.ts';
import type { PrewarmResult } from './prewarm.ts';
import { NO_SANDBOX } from '../sandbox/none.ts';

const READY = { kind: 'ready', layers: [] };

interface Warm {
  readonly tree?: string;
  readonly signal?: AbortSignal;
  readonly limits?: Partial<CellLimits>;
}

/** An entry that notes each of its runs in the file `warmed`. */
const entryOf = (yard: LocalYard, run: string, rest: Partial<PrewarmEntry> = {}): PrewarmEntry => ({
  run: `echo run >> ${yard.path('warmed')}; ${run}`,
  key: ['lock'],
  outputs: ['modules'],
  environment: { allow: [] },
  secrets: [],
  timeoutMs: 60_000,
  ...rest,
});

async function warm(yard: LocalYard, entry: PrewarmEntry, name: string, options: Warm = {}): Promise<PrewarmResult> {
  const directory = yard.path(name);
  await mkdir(directory, { recursive: true });
  return prewarmInto(settingOf(yard, { prewarm: [entry], ...(options.limits && { limits: options.limits }) }), {
    failureLog: yard.path('failed.log'),
    tree: options.tree ?? (await treeOf(yard.depot, yard.parts.base)),
    directory,
    signal: options.signal ?? new AbortController().signal,
    sandbox: NO_SANDBOX,
  });
}

const MAKE =
  'mkdir modules; cp lock modules/copy; printf x > modules/tool; chmod +x modules/tool; ln -s tool modules/alias';

test('made once for each state of the lock files, for two who ask at once; each gets a copy of its own', async () => {
  const yard = await openYard({ files: { lock: 'one\n', 'other.txt': 'x' } });
  const entry = entryOf(yard, MAKE);
  const both = await Promise.all([warm(yard, entry, 'a'), warm(yard, entry, 'b')]);
  expect(both).toEqual([READY, READY]);
  expect(yard.lines('warmed')).toHaveLength(1);

  await writeFile(join(yard.path('a'), 'modules/copy'), 'poisoned');
  await warm(yard, entry, 'c', { tree: await treeWith(yard, { 'other.txt': 'y' }) });
  expect(yard.lines('warmed')).toHaveLength(1);
  for (const name of ['b', 'c']) expect(await readFile(join(yard.path(name), 'modules/copy'), 'utf8')).toBe('one\n');
  expect(readdirSync(join(yard.path('c'), 'modules')).toSorted()).toEqual(['alias', 'copy', 'tool']);

  await rm(join(yard.parts.source.path, 'lock'));
  await warm(yard, entry, 'd', { tree: await treeWith(yard, { lock: 'two\n' }) });
  expect(yard.lines('warmed')).toHaveLength(2);
  expect(await readFile(join(yard.path('d'), 'modules/copy'), 'utf8')).toBe('two\n');
  expect(await yard.store.leases()).toEqual([]);
});

test('secrets go only to what has landed: not to the lock file or the install script of a task', async () => {
  vi.stubEnv('PREWARM_TOKEN', 'only for what landed');
  onTestFinished(() => void vi.unstubAllEnvs());
  const yard = await openYard({ files: { lock: 'one\n' } });
  const given = { environment: { allow: ['PREWARM_*', 'PREWARM_TOKEN'] }, secrets: ['PREWARM_TOKEN'] };
  const entry = entryOf(yard, 'mkdir modules; echo "got $PREWARM_TOKEN" > modules/seen', given);
  expect(await warm(yard, entry, 'a')).toEqual(READY);
  expect(yard.lines('a/modules/seen')).toEqual(['got only for what landed']);
  expect(await warm(yard, entry, 'b', { tree: await treeWith(yard, { lock: 'two\n' }) })).toEqual(READY);
  expect(yard.lines('b/modules/seen')).toEqual(['got ']);
});

test('to use more than its limit is a failure', async (context) => {
  const why = whyNoMemoryLimit();
  if (why !== null) context.skip(why);
  const yard = await openYard();
  const entry = entryOf(yard, memoryHog(400 * 1024 ** 2));
  expect(await warm(yard, entry, 'a', { limits: { memoryBytes: 100 * 1024 ** 2 } })).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining(
      'used more than 100 MiB of memory, its limit (sandbox.prewarm.limits.memory)',
    ) as string,
  });
  expect(await yard.store.leases()).toEqual([]);
});

test('the command sees the files of its key and no others, and is keyed by all that it sees of them', async () => {
  const files = { lock: 'one\n', 'sub/lock': 'two\n', 'install.sh': 'echo planted > modules/planted' };
  const yard = await openYard({ files });
  const entry = entryOf(
    yard,
    `mkdir modules; find . -type f > modules/seen; if test -e install.sh; then sh install.sh; fi`,
    {
      key: ['**/lock'],
    },
  );
  // What an unlanded tree puts beside its lock file would otherwise come into every tree with the same one.
  expect(await warm(yard, entry, 'a')).toEqual(READY);
  expect(readdirSync(yard.path('a/modules'))).toEqual(['seen']);
  expect(yard.lines('a/modules/seen').toSorted()).toEqual(['./lock', './modules/seen', './sub/lock']);
  await warm(yard, entry, 'b', { tree: await treeWith(yard, { 'install.sh': 'echo other' }) });
  expect(yard.lines('warmed')).toHaveLength(1);
  await warm(yard, entry, 'c', { tree: await treeWith(yard, { lock: { executable: 'one\n' } }) });
  await rm(join(yard.parts.source.path, 'lock'));
  await warm(yard, entry, 'd', { tree: await treeWith(yard, { lock: { link: 'one\n' } }) });
  expect(yard.lines('warmed')).toHaveLength(3);
  await warm(yard, { ...entry, key: ['nothing'] }, 'e');
  expect(yard.lines('e/modules/seen')).toEqual(['./modules/seen']);
});

test('an output behind a link of the command’s own making is not taken for one', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  await mkdir(yard.path('operator/modules'), { recursive: true });
  const run = `ln -s ${yard.path('operator')} deep; ln -s ${yard.path('operator')} alias`;
  const entry = entryOf(yard, run, { outputs: ['deep/modules', 'alias'] });
  expect(await warm(yard, entry, 'a')).toEqual(READY);
  expect(existsSync(yard.path('operator/modules'))).toBe(true);
  expect(existsSync(yard.path('a/deep'))).toBe(false);
  expect(lstatSync(yard.path('a/alias')).isSymbolicLink()).toBe(true);
});

test('a failure is told with its log, and not kept', async () => {
  const yard = await openYard();
  const entry = entryOf(yard, `echo no network >&2; test -e ${yard.path('online')} && mkdir modules`);
  const failed = await warm(yard, entry, 'a');
  expect(failed).toMatchObject({ kind: 'failed' });
  expect(failed.kind === 'failed' && failed.logTail).toContain('no network');
  expect(failed.kind === 'failed' && failed.why).toContain(`its whole log is ${yard.path('failed.log')}`);
  expect(await readFile(yard.path('failed.log'), 'utf8')).toContain('no network');
  await writeFile(yard.path('online'), '');
  expect(await warm(yard, entry, 'a')).toEqual(READY);
  expect(yard.lines('warmed')).toHaveLength(2);
});

test('a gate is red where its prewarm fails, and never runs', async () => {
  const yard = await openYard();
  const result = await runGateOn(yard, `touch ${yard.path('ran')}`, { prewarm: [entryOf(yard, 'echo why; exit 9')] });
  expect(result).toMatchObject({ kind: 'red' });
  expect(result.kind === 'red' && result.logTail).toContain('why');
  expect(existsSync(yard.path('ran'))).toBe(false);
});

test('a gate has what was made, and what it does to it is gone with it', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  const prewarm = [entryOf(yard, MAKE)];
  expect(await runGateOn(yard, 'test -x modules/alias && echo bad > modules/copy', { prewarm })).toMatchObject({
    kind: 'green',
  });
  expect(await runGateOn(yard, 'grep -q one modules/copy', { prewarm })).toMatchObject({ kind: 'green' });
  expect(yard.lines('warmed')).toHaveLength(1);
});

test('it runs where no agent and no gate has run, with a temporary directory of its own', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  await runGateOn(yard, 'echo x > planted');
  const run = `test ! -e planted; echo x > "$TMPDIR/file"; echo "$TMPDIR" > ${yard.path('where')}; ${MAKE}`;
  expect(await warm(yard, entryOf(yard, `set -e; ${run}`), 'a')).toEqual(READY);
  const [temporary = ''] = yard.lines('where');
  expect(temporary.startsWith(yard.stateDirectory)).toBe(true);
  expect(existsSync(temporary)).toBe(false);
  expect(readdirSync(join(yard.stateDirectory, 'prewarm'))).toHaveLength(1);
});

test('cancelled: nothing is kept, nothing is left, and it can be made afterwards', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  const abort = new AbortController();
  const entry = entryOf(yard, `${MAKE}; test -e ${yard.path('again')} || { touch ${yard.path('up')}; sleep 1000; }`);
  const first = warm(yard, entry, 'a', { signal: abort.signal });
  await until('the prewarm', () => existsSync(yard.path('up')));
  const second = warm(yard, entry, 'b', { signal: abort.signal });
  abort.abort();
  expect([await first, await second]).toEqual([{ kind: 'cancelled' }, { kind: 'cancelled' }]);
  expect(existsSync(yard.path('a/modules'))).toBe(false);
  await writeFile(yard.path('again'), '');
  expect(await warm(yard, entry, 'a')).toEqual(READY);
});

test('what it leaves running is ended', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  const entry = entryOf(yard, `${MAKE}; setsid sleep 1000 > /dev/null 2>&1 &`);
  expect(await warm(yard, entry, 'a')).toEqual(READY);
  const [key = ''] = readdirSync(join(yard.stateDirectory, 'prewarm'));
  expect(findMarked(`${yard.stateDirectory}:prewarm:${key}`)).toEqual([]);
});

test('what an agent put in its place is neither followed nor replaced', async () => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  await mkdir(yard.path('outside'));
  await mkdir(yard.path('a'));
  await symlink(yard.path('outside'), yard.path('a/modules'));
  expect(await warm(yard, entryOf(yard, MAKE), 'a')).toEqual(READY);
  await mkdir(yard.path('b'));
  await symlink(yard.path('outside'), yard.path('b/deep'));
  const deep = entryOf(yard, 'mkdir -p deep/modules; echo > deep/modules/x', { outputs: ['deep/modules'] });
  expect(await warm(yard, deep, 'b')).toEqual(READY);
  expect(readdirSync(yard.path('outside'))).toEqual([]);
});

test.each([
  ['without its note', ''],
  ['with a note that was cut short', '{"key":"'],
])('what is half-made is made again: %s', async (_, note) => {
  const yard = await openYard({ files: { lock: 'one\n' } });
  const entry = entryOf(yard, MAKE);
  await warm(yard, entry, 'a');
  const [key = ''] = readdirSync(join(yard.stateDirectory, 'prewarm'));
  const home = join(yard.stateDirectory, 'prewarm', key);
  await rm(join(home, 'modules/tool'));
  await rm(join(home, 'prewarm.json'));
  if (note !== '') await writeFile(join(home, 'prewarm.json'), `${note}${key}"`);
  await mkdir(`${home}.making/out`, { recursive: true });
  expect(await warm(yard, entry, 'b')).toEqual(READY);
  expect(yard.lines('warmed')).toHaveLength(2);
  expect(await readFile(yard.path('b/modules/tool'), 'utf8')).toBe('x');
  expect(readdirSync(join(yard.stateDirectory, 'prewarm'))).toEqual([key]);
});
