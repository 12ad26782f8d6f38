import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** A user with no other processes: the limit counts all that a user has. */
const UID = 54_321;

const TASKS = [
  { id: 'A-1', does: 'touch "$BASE/a-started"; wait_for go; echo a > a.txt' },
  { id: 'B-1', after: ['A-1'], does: 'echo b > b.txt' },
];

/** Why a limit cannot be changed here while the process runs; null: it can. */
function whyNoLimit(uid?: number): string | null {
  if (spawnSync('prlimit', ['--version']).status !== 0) return 'there is no prlimit';
  if (uid === undefined) return null;
  if (process.getuid?.() !== 0) return 'needs root, to become a user with no other processes';
  return spawnSync(process.execPath, ['--version'], { uid, gid: uid, cwd: '/' }).status === 0
    ? null
    : 'another user may not start this node';
}

/** The soft limit of one process, and of those that it starts from now on. */
function limit(pid: number, resource: 'nofile' | 'nproc', count: number, uid?: number): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--${resource}=${count}:`], {
    encoding: 'utf8',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (status !== 0) throw new Error(stderr);
}

/** Takes everything from the scheduler while an agent works, and gives it back when that was noted. */
async function starve(made: E2eYard, resource: 'nofile' | 'nproc', uid?: number): Promise<void> {
  const run = made.start(['run'], uid === undefined ? {} : { uid });
  await made.waitForFile('a-started');
  limit(run.pid, resource, 1, uid);
  await made.touch('go');
  if (resource === 'nproc') await made.waitFor('worker.spawn-failed');
  else await made.until('the message', () => run.output().includes('waiting: '));
  limit(run.pid, resource, 1_000, uid);
  const ran = await run.done;
  expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
  // It went on when it could: what failed was tried later, and not again and again.
  if (resource === 'nofile') expect(ran.stderr.match(/^waiting: /gm)).toHaveLength(1);
  for (const { id } of TASKS) {
    expect(await made.read(async (reader) => (await reader.attempts(id)).length)).toBe(1);
    expect(await made.read(async (reader) => (await reader.task(id))?.counters.retries)).toBe(0);
  }
}

describe('what a machine runs out of', () => {
  test('case 13: no file descriptor is left: the run says so once, waits, and goes on', async (context) => {
    const why = whyNoLimit();
    if (why !== null) return context.skip(why);
    await starve(await makeYard({ tasks: TASKS }), 'nofile');
  });

  test('case 13: no process can be started: the train is put off, and starts when there is room', async (context) => {
    const why = whyNoLimit(UID);
    if (why !== null) return context.skip(why);
    const made = await makeYard({ tasks: TASKS });
    spawnSync('chown', ['-R', `${UID}:${UID}`, made.base]);
    await starve(made, 'nproc', UID);
  });

  test('case 13: 64 file descriptors for each process are enough', async () => {
    const made = await makeYard({ tasks: TASKS });
    await made.touch('go');
    const run = made.start(['run']);
    limit(run.pid, 'nofile', 64);
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
  });
});
