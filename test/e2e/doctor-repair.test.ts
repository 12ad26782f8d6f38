import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isRunning, kill } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

interface Repaired {
  readonly code: number | null;
  readonly repaired: readonly { readonly id: string; readonly what: string }[];
  /** Checks that were not well afterwards, with what they say. */
  readonly unwell: Readonly<Record<string, string>>;
}

async function doctor(made: E2eYard, ...args: string[]): Promise<Repaired> {
  const { code, stdout, stderr } = await made.yard(['doctor', '--json', ...args]);
  // A gate that was never run there is.
  expect(stderr.replaceAll(/^gate-run: .*\n/gm, '')).toBe('');
  const { checks, repaired = [] } = JSON.parse(stdout) as {
    checks: { id: string; status: string; message: string }[];
    repaired?: Repaired['repaired'];
  };
  const unwell = checks.filter(({ status }) => status === 'warn' || status === 'fail');
  return { code, repaired, unwell: Object.fromEntries(unwell.map(({ id, message }) => [id, message])) };
}

async function ranYard(): Promise<E2eYard> {
  const made = await makeYard({
    files: { 'a/file.txt': 'text of some length, so that there is something to damage\n' },
    tasks: [{ id: 'A-1', does: 'echo a > a.txt' }],
  });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  return made;
}

test('what killed processes leave behind is found, told, and removed by --repair', async () => {
  const made = await ranYard();
  const inState = (path: string): string => join(made.state, path);
  for (const path of ['gates/.retired-0-7', 'tmp/gate-x', 'prewarm/k.making', 'depot.git.new-ab', 'lanes/A-1']) {
    mkdirSync(inState(path), { recursive: true });
  }
  for (const path of [
    'depot.git/packed-refs.lock',
    'depot.git/refs/yard/x.lock',
    'depot.git/objects/pack/tmp_pack_1',
  ]) {
    writeFileSync(inState(path), 'x');
    // Older than any git of another test that runs beside this one.
    utimesSync(inState(path), 1, 1);
  }
  writeFileSync(inState('lanes/A-1.json'), '{}');
  mkdirSync(inState('lanes/B-9'));
  made.git(`--git-dir=${inState('depot.git')}`, 'update-ref', 'refs/yard/base/A-1/1', 'refs/yard/target');
  chmodSync(made.state, 0o755);
  const found = await doctor(made);
  expect(found.code).toBe(0);
  expect(Object.keys(found.unwell)).toEqual(['state-directory', 'locks', 'slots', 'half-made', 'lanes']);
  expect(found.unwell['half-made']).toMatch(/^3 things were never finished/);
  expect(existsSync(inState('tmp/gate-x'))).toBe(true);

  const { code, repaired, unwell } = await doctor(made, '--repair');
  expect(code).toBe(0);
  expect(new Set(repaired.map(({ id }) => id))).toEqual(new Set(Object.keys(found.unwell)));
  expect(unwell).toEqual({ lanes: 'lanes of tasks that the store does not know: B-9' });
  expect(statSync(made.state).mode & 0o777).toBe(0o700);
  for (const path of [
    'gates/.retired-0-7',
    'tmp/gate-x',
    'prewarm/k.making',
    'depot.git.new-ab',
    'lanes/A-1',
    'lanes/A-1.json',
    'depot.git/packed-refs.lock',
    'depot.git/refs/yard/x.lock',
    'depot.git/refs/yard/base/A-1/1',
  ]) {
    expect.soft(existsSync(inState(path)), path).toBe(false);
  }
  expect(existsSync(inState('lanes/B-9'))).toBe(true);
  made.git(`--git-dir=${inState('depot.git')}`, 'update-ref', 'refs/yard/base/A-1/1', 'refs/yard/target');
  expect((await doctor(made, '--repair')).repaired).toEqual([
    { id: 'refs', what: '1 refs of landed tasks were removed' },
  ]);
  const text = await made.yard(['doctor', '--repair']);
  expect(text.stdout).toMatch(
    /\nlanes: lanes of tasks .*\nsafe: They are kept.*\nhint: .*\n\nThere was nothing that could be repaired here\.\n$/,
  );
});

test('a damaged depot: the task is named, and what has another copy is brought back', async () => {
  const made = await ranYard();
  const depot = join(made.state, 'depot.git');
  const packs = join(depot, 'objects/pack');
  const oid = made.git(`--git-dir=${depot}`, 'rev-parse', 'refs/yard/target:a/file.txt');
  const path = join(depot, 'objects', oid.slice(0, 2), oid.slice(2));
  expect(existsSync(packs) ? readdirSync(packs).filter((name) => name.endsWith('.pack')) : []).toEqual([]);
  chmodSync(path, 0o600);
  await truncate(path);
  await truncate(join(depot, 'HEAD'));
  const broken = await doctor(made);
  expect(broken.code).toBe(1);
  expect(broken.unwell['depot']).toMatch(/is damaged/);
  const { code, repaired, unwell } = await doctor(made, '--repair');
  expect({ code, unwell }).toEqual({ code: 0, unwell: {} });
  expect(repaired).toEqual([
    { id: 'depot', what: `1 damaged objects were moved to ${join(depot, 'damaged')}` },
    { id: 'depot', what: '1 objects were restored from another copy' },
  ]);
  expect(made.git(`--git-dir=${depot}`, 'cat-file', 'blob', oid)).toMatch(/^text of some length/);
  expect((await made.waitFor('yard.mended')).data).toMatchObject({ what: 'git-directory' });
  expect((await made.waitFor('yard.repaired')).data).toMatchObject({
    repairs: [expect.any(String), expect.any(String)],
  });
});

test('a commit of a queued task that the depot lacks is named', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  await made.yard(['reconcile', '--sync', '--no-land']);
  await made.waitForStatus('A-1', 'accepted');
  const depot = join(made.state, 'depot.git');
  const state = await made.read(async (reader) => (await reader.task('A-1'))?.state);
  if (state?.status !== 'accepted') throw new Error('not accepted');
  await rm(join(depot, 'objects', state.head.slice(0, 2), state.head.slice(2)));
  const found = await doctor(made);
  expect(found.code).toBe(1);
  expect(found.unwell['depot']).toContain('it touches A-1');
  // The lane still has the work: the next run makes it again, and lands it.
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  // Nothing of what was lost is in the way when the target is moved by a person.
  const landed = made.git('rev-parse', 'agent/integration');
  const own = made.git('commit-tree', '-p', landed, '-m', 'Mine', `${landed}^{tree}`);
  made.git('update-ref', 'refs/heads/agent/integration', own);
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
});

test('processes that outlived their attempt are ended; those of others and of a live attempt are not', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
  const run = made.start(['run']);
  await made.waitForFile('started');
  const orphan = (marker: string): number => {
    const child = spawn('sleep', ['1000'], {
      env: { PATH: process.env['PATH'] ?? '', YARD_MARKER: marker },
      stdio: 'ignore',
    });
    onTestFinished(() => kill(child.pid ?? 0));
    return child.pid ?? 0;
  };
  const ours = orphan(`${made.state}:A-1:1:999`);
  const theirs = orphan(`${made.state}-other:A-1:1:999`);
  const held = await made.yard(['doctor', '--repair']);
  expect(held).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`nothing was repaired: process ${run.pid} drives this yard`),
  });
  expect(await isRunning(ours)).toBe(true);
  run.kill('SIGKILL');
  await run.done;
  const found = await doctor(made);
  expect(found.unwell).toMatchObject({ processes: expect.stringMatching(new RegExp(`gate or the train: ${ours}$`)) });
  const { repaired, unwell } = await doctor(made, '--repair');
  expect(repaired).toEqual([{ id: 'processes', what: `processes ${ours} were ended` }]);
  expect(unwell).toEqual({});
  expect([await isRunning(ours), await isRunning(theirs)]).toEqual([false, true]);
  expect(await made.statusOf('A-1')).toBe('running');
  await made.touch('go');
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  // Nothing of what was lost is in the way when the target is moved by a person.
  const landed = made.git('rev-parse', 'agent/integration');
  const own = made.git('commit-tree', '-p', landed, '-m', 'Mine', `${landed}^{tree}`);
  made.git('update-ref', 'refs/heads/agent/integration', own);
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
});

test('leases and landings of dead processes; tasks that need a person; a lock on the target', async () => {
  const made = await makeYard({
    config: { limits: { retries: 0 } },
    tasks: [
      { id: 'A-1', does: 'exit 3' },
      { id: 'B-1', does: 'touch "$BASE/started"; wait_for go; echo b > b.txt' },
    ],
  });
  const run = made.start(['run']);
  await made.waitForFile('started');
  await made.waitForStatus('A-1', 'parked');
  const attempt = await made.until('an owner', () =>
    made.read(async (reader) => (await reader.lease('task:B-1'))?.owner?.pid),
  );
  run.kill('SIGKILL');
  await run.done;
  kill(attempt);
  const lock = join(made.root, '.git/refs/heads/agent/integration.lock');
  await writeFile(lock, '');
  utimesSync(lock, 1_000, 1_000);
  const { code, unwell } = await doctor(made, '--repair');
  expect(code).toBe(0);
  expect(unwell).toMatchObject({
    waiting: '1 parked (A-1)',
    leases: `the owner has died of task:B-1 (process ${attempt})`,
    locks: `the target is locked: ${lock}`,
  });
  expect(unwell['scheduler']).toBeUndefined();
  expect(readFileSync(lock, 'utf8')).toBe('');
  await rm(lock);
  await made.touch('go');
  const again = await made.yard(['run']);
  expect(again.stdout).toMatch(/1 landed, 1 parked\n$/);
  expect((await made.yard(['doctor', '--repair'])).stdout).toMatch(
    /\nwaiting: 1 parked \(A-1\)\nsafe: .*\nhint: See why with/,
  );
});

test('what is lost without another copy is said not to be repaired; the salvage beside it is listed', async () => {
  const made = await ranYard();
  const depot = join(made.state, 'depot.git');
  const git = (...args: string[]): string => made.git(`--git-dir=${depot}`, ...args);
  const base = git('rev-parse', 'refs/yard/target');
  const lose = (oid: string): void => rmSync(join(depot, 'objects', oid.slice(0, 2), oid.slice(2)));
  const keep = (ref: string, tree: string): string => {
    const commit = git('commit-tree', '-p', base, '-m', ref, tree);
    git('update-ref', ref, commit);
    return commit;
  };
  const treeOf = `${base}^{tree}`;
  keep('refs/yard/salvage/A-1/1', git('rev-parse', `${base}:a`));
  const lost = keep('refs/yard/salvage/A-1/2', git('rev-parse', treeOf));
  // A tree of its own, which nothing else has.
  const blob = git('rev-parse', `${base}:a/file.txt`);
  const input = join(made.state, 'index');
  const own = { GIT_INDEX_FILE: input };
  execFileSync('git', [`--git-dir=${depot}`, 'update-index', '--add', '--cacheinfo', `100644,${blob},own`], {
    env: { ...process.env, ...own },
  });
  const tree = execFileSync('git', [`--git-dir=${depot}`, 'write-tree'], { env: { ...process.env, ...own } });
  keep('refs/yard/salvage/A-1/3', tree.toString().trim());
  rmSync(input);
  lose(lost);
  lose(tree.toString().trim());

  const list = await made.yard(['salvage']);
  expect(list.code).toBe(0);
  expect(list.stdout).toMatch(/^A-1\/1 .* file/m);
  expect(list.stdout).toMatch(/^A-1\/2 .*cannot be read/m);
  expect(list.stdout).toMatch(/^A-1\/3 .*cannot be read/m);
  const text = await made.yard(['doctor', '--repair']);
  expect(text.code).toBe(1);
  expect(text.stdout).toMatch(/^repaired: depot: 1 refs name what is lost/m);
  expect(text.stdout).toMatch(/^not repaired: depot: no other copy was found/m);
  expect(readFileSync(join(depot, 'broken-refs'), 'utf8')).toBe(`refs/yard/salvage/A-1/2 ${lost}\n`);
});
