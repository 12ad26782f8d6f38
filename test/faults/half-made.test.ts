import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFiles, makeRepository, runGit } from '../fixtures/git/repository.ts';
import { OTHER, whyNoOwner } from '../fixtures/processes/owners.ts';
import { root } from '../fixtures/repository-files.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

/** Every hit of every failpoint; else a slice of them that takes seconds. */
const ALL = process.env['YARD_FAULTS'] === 'all';
const SLICE = 5;

/** What Node has made of the source is kept from one process to the next. */
const COMPILED = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '' };

const PROGRAM = join(root, 'test/fixtures/faults/prepare-all.ts');

interface Made {
  readonly killed: boolean;
  readonly output: string;
}

/** Depot, lane, prewarm and slot of one commit, made by a process of its own. */
async function makeAll(
  state: string,
  repository: string,
  commit: string,
  env: Record<string, string>,
  more: readonly string[] = [],
): Promise<Made> {
  const child = spawn(process.execPath, [PROGRAM, state, repository, commit, ...more], {
    env: { PATH: process.env['PATH'] ?? '', HOME: state, ...COMPILED, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.withResolvers<string | null>();
  child.on('close', (_, signal) => ended.resolve(signal));
  const [output, errors, signal] = await Promise.all([text(child.stdout), text(child.stderr), ended.promise]);
  if (signal === null && errors !== '') throw new Error(errors);
  return { killed: signal === 'SIGKILL', output };
}

const WHOLE = {
  'lane/lock': 'two\n',
  'lane/deep/file': 'f\n',
  'lane/modules/copy': 'two\n',
  'slot/lock': 'two\n',
  'slot/deep/file': 'f\n',
  'slot/modules/copy': 'two\n',
  content: true,
};

async function setUp(): Promise<{ base: string; repository: string; first: string; second: string }> {
  const base = await useTemporaryDirectory('half-made');
  const repository = join(base, 'repository');
  const source = await makeRepository(repository, { lock: 'one\n', 'deep/file': 'f\n' });
  const first = await runGit(repository, ['rev-parse', 'HEAD']);
  return { base, repository, first, second: await commitFiles(source, { lock: 'two\n' }) };
}

/** The hits of a scenario, as `name` and number, in no particular order. */
function hitsIn(directory: string): { name: string; hit: number }[] {
  return readdirSync(directory).map((file) => {
    const at = file.lastIndexOf('.');
    return { name: file.slice(0, at), hit: Number(file.slice(at + 1)) };
  });
}

test(
  'killed at a failpoint of fill and prepare, from nothing and over what is there, it is made whole by the next',
  {
    timeout: ALL ? 3_600_000 : 300_000,
  },
  async () => {
    const { base, repository, first, second } = await setUp();
    const hits = join(base, 'hits');
    const counted = await makeAll(join(base, 'counted'), repository, second, { YARD_FAILPOINTS_DIR: hits });
    expect(JSON.parse(counted.output)).toEqual(WHOLE);
    const all = hitsIn(hits).toSorted((a, b) => a.name.localeCompare(b.name) || a.hit - b.hit);
    expect(all.length).toBeGreaterThan(40);
    const step = ALL ? 1 : Math.ceil(all.length / SLICE);
    const chosen = all.filter((_, index) => index % step === 0);
    let kills = 0;
    for (const [index, { name, hit }] of chosen.entries()) {
      const state = join(base, `state-${index}`);
      // Every other one over a lane, a slot and a prewarm of another commit.
      if (index % 2 === 1) await makeAll(state, repository, first, {});
      const failpoints = { YARD_FAILPOINTS: `${name}:${hit}:kill`, YARD_FAILPOINTS_DIR: join(base, `hits-${index}`) };
      const killed = await makeAll(state, repository, second, failpoints);
      kills += Number(killed.killed);
      const { output } = await makeAll(state, repository, second, {});
      expect.soft(JSON.parse(output), `${name}:${hit}, case ${index}`).toEqual(WHOLE);
      await runGit(join(state, 'depot.git'), ['fsck', '--strict', '--no-dangling']);
      await rm(state, { recursive: true });
    }
    expect(kills).toBeGreaterThan(chosen.length / 2);
  },
);

test('killed while files are made for another user, the next makes them all that user’s', async (context) => {
  const why = whyNoOwner();
  if (why !== null) context.skip(why);
  const { base, repository, first, second } = await setUp();
  const own = ['1', String(OTHER.uid)];
  const hits = join(base, 'hits');
  const whole = { ...WHOLE, owners: ['65534:65534', '65534:65534'] };
  const counted = await makeAll(join(base, 'counted'), repository, second, { YARD_FAILPOINTS_DIR: hits }, own);
  expect(JSON.parse(counted.output)).toEqual(whole);
  const chosen = hitsIn(hits).filter(({ name }) => /^(?:fs\.chown|git\.read-tree):/.test(name));
  expect(chosen.length).toBeGreaterThan(20);
  const step = ALL ? 1 : Math.ceil(chosen.length / SLICE);
  for (const [index, { name, hit }] of chosen.filter((_, at) => at % step === 0).entries()) {
    const state = join(base, `state-${index}`);
    // Every other one over what was made for us.
    if (index % 2 === 1) await makeAll(state, repository, first, {});
    const failpoints = { YARD_FAILPOINTS: `${name}:${hit}:kill`, YARD_FAILPOINTS_DIR: join(base, `hits-${index}`) };
    expect((await makeAll(state, repository, second, failpoints, own)).killed).toBe(true);
    const { output } = await makeAll(state, repository, second, {}, own);
    expect.soft(JSON.parse(output), `${name}:${hit}, case ${index}`).toEqual(whole);
    await rm(state, { recursive: true });
  }
}, 300_000);

test.each(['before', 'after'])(
  'killed %s git puts in what a used lane and slot lack, the next makes them whole',
  async (moment) => {
    const { base, repository, first, second } = await setUp();
    const state = join(base, 'state');
    await makeAll(state, repository, first, {});
    const failpoints = { YARD_FAILPOINTS: `git.checkout:${moment}:1:kill`, YARD_FAILPOINTS_DIR: join(base, 'hits') };
    expect((await makeAll(state, repository, second, failpoints)).killed).toBe(true);
    const { output } = await makeAll(state, repository, second, {});
    expect(JSON.parse(output)).toEqual(WHOLE);
  },
);

test.each(['before', 'after'])(
  'killed %s it opens what an agent and a gate have closed, the next makes them whole',
  async (moment) => {
    const { base, repository, first, second } = await setUp();
    const state = join(base, 'state');
    await makeAll(state, repository, first, {});
    for (const place of ['lanes/task/deep', 'gates/0/deep']) await chmod(join(state, place), 0o000);
    const failpoints = { YARD_FAILPOINTS: `fs.chmod:${moment}:1:kill`, YARD_FAILPOINTS_DIR: join(base, 'hits') };
    expect((await makeAll(state, repository, second, failpoints)).killed).toBe(true);
    const { output } = await makeAll(state, repository, second, {});
    expect(JSON.parse(output)).toEqual(WHOLE);
  },
);

const DEPOT_CONFIG = 'depot.git/config';

test.each([
  ['a configuration of the depot that a power cut emptied', (state: string) => truncate(join(state, DEPOT_CONFIG))],
  ['a depot without HEAD', (state: string) => rm(join(state, 'depot.git/HEAD'))],
  ['a depot whose HEAD is empty', (state: string) => truncate(join(state, 'depot.git/HEAD'))],
  ['attributes that are gone', (state: string) => rm(join(state, 'fill.git/info/attributes'))],
  ['a fill directory of empty files', (state: string) => truncate(join(state, 'fill.git/config'))],
  [
    'a fill directory with nothing in it',
    async (state: string) => {
      await rm(join(state, 'fill.git'), { recursive: true });
      await mkdir(join(state, 'fill.git'));
    },
  ],
  ['a lane index that is empty', (state: string) => truncate(join(state, 'lanes/task.index'))],
  ['a lane without index', (state: string) => rm(join(state, 'lanes/task.index'))],
  ['a lane without note', (state: string) => rm(join(state, 'lanes/task.json'))],
  ['a lane whose note is cut short', (state: string) => truncate(join(state, 'lanes/task.json'), 12)],
  [
    'a lane that is a file',
    async (state: string) => {
      await rm(join(state, 'lanes/task'), { recursive: true });
      await writeFile(join(state, 'lanes/task'), '');
    },
  ],
  ['a lane index that is locked', (state: string) => writeFile(join(state, 'lanes/task.index.lock'), '')],
  ['a slot index that is locked', (state: string) => writeFile(join(state, 'gates/0.index.lock'), '')],
  ['a slot index that is cut short', (state: string) => truncate(join(state, 'gates/0.index'), 40)],
  ['a slot with half of its files', (state: string) => rm(join(state, 'gates/0/deep'), { recursive: true })],
  ['a prewarm that is being made by nobody', (state: string) => mkdir(join(state, 'prewarm/x.making'))],
])('half-made: %s is made anew', async (_, damage) => {
  const { base, repository, second } = await setUp();
  const state = join(base, 'state');
  await makeAll(state, repository, second, {});
  const before = await readFile(join(state, DEPOT_CONFIG), 'utf8');
  await damage(state);
  const { output } = await makeAll(state, repository, second, {});
  expect(JSON.parse(output)).toEqual(WHOLE);
  expect(await readFile(join(state, DEPOT_CONFIG), 'utf8')).toBe(before);
  expect(await readFile(join(state, 'depot.git/HEAD'), 'utf8')).toBe('ref: refs/heads/none\n');
  expect(existsSync(join(state, 'gates/0.index.lock'))).toBe(false);
  await runGit(join(state, 'depot.git'), ['fsck', '--strict', '--no-dangling']);
});
