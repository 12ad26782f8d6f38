import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';
import { smallDisk, useAsTemporary } from '../fixtures/small-disk.ts';

const NO_MOUNT = 'this user may not mount a file system; run as root, or with: unshare -rm npm test';

/** Its last gate, that of both tasks together, tells that it began and waits. */
const TWO_TASKS = (environment: string) => ({
  gates: {
    default: {
      run: `if [ -e a.txt ] && [ -e b.txt ] && [ -e "$${environment}/hold" ]; then
touch "$${environment}/gate"; while [ -e "$${environment}/hold" ]; do sleep 0.02; done; fi`,
    },
  },
  environment: { allow: [environment] },
});

const TASKS = [
  { id: 'A-1', does: 'touch "$BASE/a-started"; wait_for go; echo a > a.txt' },
  { id: 'B-1', does: 'touch "$BASE/b-started"; wait_for go; echo b > b.txt' },
];

/** Nothing half-done anywhere: every JSON file is whole, the store and both repositories are sound. */
async function expectSound(made: E2eYard): Promise<void> {
  const files = await readdir(made.state, { recursive: true });
  const json = files.filter((file) => file.endsWith('.json') && !/^(?:lanes|gates)\/[^/]+\//.test(file));
  expect(json.length).toBeGreaterThan(5);
  for (const file of json) JSON.parse(readFileSync(join(made.state, file), 'utf8'));
  made.git('fsck', '--strict', '--no-dangling');
  expect(await made.yard(['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/depot +every object/),
  });
}

function landed(made: E2eYard): string[] {
  return made.git('log', '--first-parent', '--format=%s', 'agent/integration').split('\n').toSorted();
}

describe('a disk that is filled during a landing, and freed', () => {
  // With a reserve nothing is tried any more; without one, every write is.
  test.for([
    ['case 11: with a reserve', '40MiB', 'room'],
    ['case 11: without a reserve', 0, 'room'],
    ['case 13: of its inodes alone', 0, 'inodes'],
  ] as const)('%s: the run goes on by itself and lands all', async ([, diskReserve, what], context) => {
    const disk = await smallDisk('size=96m,nr_inodes=8k');
    if (disk === null) return context.skip(NO_MOUNT);
    useAsTemporary(disk);
    const made = await makeYard({ config: { ...TWO_TASKS('SIGNALS'), limits: { diskReserve } }, tasks: TASKS });
    const signals = join(made.base, 'signals');
    await made.touch('signals/hold');
    const run = made.start(['run'], { env: { SIGNALS: signals } });
    await made.waitForFile('a-started');
    await made.waitForFile('b-started');
    await made.touch('go');
    await made.waitForFile('signals/gate');
    await (what === 'inodes' ? disk.fillInodes() : disk.fill());
    // To take a file away needs no room.
    await rm(join(signals, 'hold'));
    if (diskReserve !== 0) {
      await made.until('the message', () => run.output().includes('waiting: '));
      expect(run.output()).toMatch(/waiting: \d.* are free in .*state, and nothing more lands below 32\.0 MiB/);
    }
    await made.until('the end of the train', async () => {
      const lease = await made.read((reader) => reader.lease('train'));
      return lease === null || lease.owner === null || !isThere(lease.owner.pid);
    });
    const { stopped, counts } = await made.status();
    expect(stopped).toBeNull();
    expect(counts.landed).toBe(1);
    await (what === 'inodes' ? disk.freeInodes() : disk.free());
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
    expect(landed(made)).toEqual(['Do A-1', 'Do B-1', 'First']);
    expect(await made.read(async (reader) => (await reader.control()).failuresInARow)).toBe(0);
    for (const id of ['A-1', 'B-1']) {
      expect(await made.read(async (reader) => (await reader.task(id))?.counters.retries)).toBe(0);
    }
    await expectSound(made);
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

test('case 12: no room for one agent alone: its task is parked with what it said, the others land', async (context) => {
  const disk = await smallDisk('size=64k');
  if (disk === null) return context.skip(NO_MOUNT);
  const made = await makeYard({
    config: { limits: { retries: 0 } },
    tasks: [
      { id: 'A-1', does: `head -c 1000000 /dev/zero > '${disk.path}/big'` },
      { id: 'B-1', does: 'echo b > b.txt' },
    ],
  });
  const ran = await made.yard(['run']);
  expect(ran).toMatchObject({ code: 3, stdout: expect.stringMatching(/\n1 landed, 1 parked\n$/) });
  // The machine is not to blame: nobody waits for room.
  expect(ran.stderr).not.toContain('waiting: ');
  expect(await made.statusOf('B-1')).toBe('landed');
  expect(await made.readText('state/attempts/A-1/1/transcript.ndjson')).toContain('No space left on device');
});

describe('what is injected at a write', () => {
  test('a scheduler that finds no room says so once, waits, and lands all', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
    const env = { YARD_FAILPOINTS: 'store.dispatch:before:1:enospc', YARD_FAILPOINTS_DIR: join(made.base, 'hits') };
    const ran = await made.yard(['run'], { env });
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
    expect(ran.stderr.match(/^waiting: the disk is full: there is no room/gm)).toHaveLength(1);
    expect(ran.stderr).toContain('there is room again; the run goes on');
  });

  test.for(['before', 'commit'])(
    'what a turn has used is settled once there is room (%s), and its work goes on as if nothing had been',
    async (place) => {
      const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt; echo ran >> "$BASE/runs"' }] });
      const faults = [1, 2].map((hit) => `store.settleTurn:${place}:${hit}:enospc`).join(',');
      const env = { YARD_FAILPOINTS: faults, YARD_FAILPOINTS_DIR: join(made.base, 'hits') };
      expect(await made.yard(['run'], { env })).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/\n1 landed\n$/),
      });
      expect(await made.readText('runs')).toBe('ran');
      const turns = await made.read((reader) => reader.turns('A-1'));
      expect(turns).toMatchObject([{ attempt: 1, settled: { end: 'finished' } }]);
    },
  );

  test('reconcile ends with exit code 1 and a hint', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
    const env = { YARD_FAILPOINTS: 'store.dispatch:before:0:enospc' };
    const ran = await made.yard(['reconcile'], { env });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: there is no room .*\nhint: make room/m),
    });
  });

  test('a disk that fails ends the run at once, with nothing recorded; the next run lands it', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
    const env = { YARD_FAILPOINTS: 'store.dispatch:commit:0:error' };
    const ran = await made.yard(['run'], { env });
    expect(ran).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: the file system failed to read or write/m),
    });
    expect(await made.statusOf('A-1')).toBe('ready');
    expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  });
});

test.for(['file.sync:before', 'directory.sync:before', 'fs.rename:before', 'process.launch:before'])(
  'a disk that breaks at %s ends the run with what is safe to know, and the next one goes on',
  async (name) => {
    const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
    // A sync that failed is that whatever it failed with.
    const action = name.includes('.sync:') ? 'enospc' : 'error';
    const broken = await made.yard(['run'], { env: { YARD_FAILPOINTS: `${name}:1:${action}` } });
    expect(broken).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the disk failed to keep what was written'),
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
    expect(made.git('show', 'agent/integration:a.txt')).toBe('a');
  },
);
