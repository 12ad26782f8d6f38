import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { memoryHog, whyNoMemoryLimit } from '../../test/fixtures/sandbox/memory-hog.ts';
import { runGateOn, treeWith } from '../../test/fixtures/yard/gate.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import { findMarked } from '../process/tree.ts';

const VARIABLE = 'GATE_TEST_VARIABLE';
afterEach(() => {
  delete process.env[VARIABLE];
});

/** Counts its runs in the file `runs`. */
const counted = (yard: LocalYard, run = 'true'): string => `echo run >> ${yard.path('runs')}; ${run}`;

test('green: exit 0, in a checkout of exactly the tree, with the environment of a gate', async () => {
  const yard = await openYard({ files: { 'src/a.txt': 'a\n' } });
  const log = yard.path('gate.log');
  const result = await runGateOn(
    yard,
    'find . -type f | sort; echo "$CI $YARD_GATE"; test -d "$TMPDIR"; pwd > "$TMPDIR/x"',
    { log },
  );
  expect(result).toMatchObject({ kind: 'green', reused: false });
  expect(await readFile(log, 'utf8')).toContain('./README.md\n./src/a.txt\ntrue default\n');
  expect(readdirSync(join(yard.stateDirectory, 'tmp'))).toEqual([]);
});

test('red: any other exit code; it is never kept', async () => {
  const yard = await openYard();
  const run = counted(yard, 'echo out; echo "\u001b[31mthe reason" >&2; exit 3');
  const result = await runGateOn(yard, run);
  expect(result).toMatchObject({ kind: 'red' });
  expect(result.kind === 'red' && result.summary).toContain('exited with 3');
  expect(result.kind === 'red' && result.logTail).toContain('the reason');
  expect((await runGateOn(yard, run)).kind).toBe('red');
  expect(yard.lines('runs')).toHaveLength(2);
});

test('red: ended by a signal, out of time', async () => {
  const yard = await openYard();
  expect(await runGateOn(yard, 'kill -SEGV $$')).toMatchObject({ kind: 'red' });
  const late = await runGateOn(yard, 'echo begun; trap "" TERM; sleep 1000 & wait; wait', { timeoutMs: 300 });
  expect(late).toMatchObject({ kind: 'red' });
  expect(late.kind === 'red' && late.summary).toContain('did not end within');
});

test('red: used more than its limit', async (context) => {
  const why = whyNoMemoryLimit();
  if (why !== null) context.skip(why);
  const yard = await openYard();
  const run = memoryHog(400 * 1024 ** 2);
  expect(await runGateOn(yard, run, { limits: { memoryBytes: 100 * 1024 ** 2 } })).toMatchObject({
    kind: 'red',
    summary: `${JSON.stringify(run)} used more than 100 MiB of memory, its limit (sandbox.gates.limits.memory)`,
  });
});

test('cancelled: nothing is kept and nothing is left', async () => {
  const yard = await openYard();
  const abort = new AbortController();
  const marker = `${yard.stateDirectory}:cancelled`;
  const running = runGateOn(yard, `touch ${yard.path('up')}; sleep 1000`, { signal: abort.signal, marker });
  await until('the gate', () => existsSync(yard.path('up')));
  abort.abort();
  expect(await running).toEqual({ kind: 'cancelled' });
  expect(findMarked(marker)).toEqual([]);
  expect((await yard.store.leases()).filter(({ resource }) => resource.startsWith('slot:'))).toEqual([]);
  expect(await runGateOn(yard, 'true', { signal: abort.signal })).toEqual({ kind: 'cancelled' });
});

test('the fault of the machine: no file for the log, a tree that is not there', async () => {
  const yard = await openYard();
  const noLog = await runGateOn(yard, 'true', { log: yard.path('missing/gate.log') });
  expect(noLog).toMatchObject({ kind: 'infrastructure' });
  const noTree = await runGateOn(yard, 'true', { tree: 'f'.repeat(40) });
  expect(noTree).toMatchObject({ kind: 'infrastructure' });
  expect((await yard.store.leases()).filter(({ resource }) => resource.startsWith('slot:'))).toEqual([]);
  expect(await runGateOn(yard, 'true')).toMatchObject({ kind: 'green' });
});

test('whatever stands in the place of the log gives way, and is not written through', async () => {
  const yard = await openYard();
  await writeFile(yard.path('precious'), 'mine');
  await symlink(yard.path('precious'), yard.path('link.log'));
  await mkdir(yard.path('directory.log'));
  await runGateOn(yard, 'echo text', { log: yard.path('link.log'), name: 'a' });
  await runGateOn(yard, `mkfifo ${yard.path('fifo.log')}; echo text`, { log: yard.path('directory.log'), name: 'b' });
  await runGateOn(yard, 'echo text', { log: yard.path('fifo.log'), name: 'c' });
  expect(await readFile(yard.path('precious'), 'utf8')).toBe('mine');
  for (const name of ['link.log', 'directory.log', 'fifo.log'])
    expect(await readFile(yard.path(name), 'utf8')).toContain('text');
});

test('a green tree is not tested again by the same gate, in the same circumstances', async () => {
  const yard = await openYard({ files: { '.gitignore': '.env\n' } });
  process.env[VARIABLE] = 'one';
  await writeFile(join(yard.parts.source.path, '.env'), 'A=1');
  const provision = [{ source: '.env', target: '.env', required: true }];
  const prewarm = [
    { run: 'mkdir out', key: ['lock'], outputs: ['out'], timeoutMs: 60_000, environment: { allow: [] }, secrets: [] },
  ];
  const usual = { provision, prewarm, allow: [VARIABLE] };
  const again = async (rest: Parameters<typeof runGateOn>[2] = {}, run = counted(yard)): Promise<boolean> => {
    const before = yard.lines('runs').length;
    const result = await runGateOn(yard, run, { ...usual, ...rest });
    if (result.kind !== 'green') throw new Error(JSON.stringify(result));
    expect(result.reused).toBe(yard.lines('runs').length === before);
    return !result.reused;
  };
  expect(await again()).toBe(true);
  expect(await again()).toBe(false);
  expect(await again({ tree: await treeWith(yard, { 'b.txt': 'b' }) })).toBe(true);
  expect(await again({}, `${counted(yard)}; true`)).toBe(true);
  expect(await again({ name: 'full' })).toBe(true);
  expect(await again({ timeoutMs: 59_000 })).toBe(true);
  expect(await again({ prewarm: [{ ...prewarm[0], run: 'mkdir -p out' }] as typeof prewarm })).toBe(true);
  process.env[VARIABLE] = 'two';
  expect(await again()).toBe(true);
  await writeFile(join(yard.parts.source.path, '.env'), 'A=2');
  expect(await again()).toBe(true);
  await writeFile(join(yard.parts.source.path, '.env'), 'A=1');
  process.env[VARIABLE] = 'one';
  expect(await again()).toBe(false);
});

test('a gate that is killed from outside says nothing of the tree', async () => {
  const yard = await openYard();
  expect(await runGateOn(yard, 'kill -9 $$')).toMatchObject({
    kind: 'infrastructure',
    why: expect.stringContaining('SIGKILL'),
  });
});

test('a verdict on files that changed while the gate ran is none', async () => {
  const yard = await openYard({ files: { '.gitignore': '.env\n' } });
  const file = join(yard.parts.source.path, '.env');
  await writeFile(file, 'A=1');
  const call = { provision: [{ source: '.env', target: '.env', required: true }] };
  const run = `echo run >> ${yard.path('runs')}; echo A=2 > ${file}`;
  expect(await runGateOn(yard, run, call)).toMatchObject({ kind: 'infrastructure' });
  // Now they stay as they are.
  expect(await runGateOn(yard, run, call)).toMatchObject({ kind: 'green', reused: false });
});

test('of much output the log keeps the beginning and the end, and the verdict the end', async () => {
  const yard = await openYard();
  const log = yard.path('gate.log');
  const result = await runGateOn(
    yard,
    'echo first; yes "$(printf "%01000d" 0)" | head -c 80000000; echo last; exit 1',
    { log },
  );
  const text = await readFile(log, 'utf8');
  expect(text.startsWith('[sandbox: none; network: open]\n$ echo first')).toBe(true);
  expect(text.endsWith('\n[the output goes on in gate.log.before and gate.log.last]\n')).toBe(true);
  const end = await readFile(`${log}.last`, 'utf8');
  expect(end.startsWith('[the output goes on here, at byte 0000')).toBe(true);
  expect(end).toMatch(/last\n\[.* exited with 1\]\n$/);
  expect(text.length + end.length).toBeLessThan(65 * 1024 * 1024);
  expect(result.kind === 'red' && result.logTail.length).toBeLessThan(13 * 1024);
  expect(result.kind === 'red' && result.logTail).toContain('last\n');
});

test('required files that are missing are the fault of nobody’s work; others are left out', async () => {
  const yard = await openYard();
  const entry = { source: 'secret', target: 'secret', required: true };
  const missing = await runGateOn(yard, 'true', { provision: [entry] });
  expect(missing).toMatchObject({ kind: 'infrastructure' });
  const optional = await runGateOn(yard, 'test ! -e secret', { provision: [{ ...entry, required: false }] });
  expect(optional).toMatchObject({ kind: 'green' });
});

test('a tree with a link in the way of a provisioned file is red, and nothing is written through the link', async () => {
  const yard = await openYard({ files: { '.gitignore': '.env\n' } });
  await writeFile(join(yard.parts.source.path, '.env'), 'A=1');
  await mkdir(yard.path('outside'));
  const tree = await treeWith(yard, { config: { link: yard.path('outside') } });
  const result = await runGateOn(yard, 'true', {
    tree,
    provision: [{ source: '.env', target: 'config/.env', required: true }],
  });
  expect(result).toMatchObject({ kind: 'red' });
  expect(readdirSync(yard.path('outside'))).toEqual([]);
});
