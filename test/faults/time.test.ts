import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { attemptMarker } from '../../src/core/marker.ts';
import { HEARTBEAT_MS, LEASE_MS } from '../../src/core/lease.ts';
import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import { systemClock } from '../../src/process/clock.ts';
import { systemHost } from '../../src/process/host.ts';
import { isAlive, ownIdentity } from '../../src/process/identity.ts';
import { findMarked } from '../../src/process/tree.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import { runGit } from '../fixtures/git/repository.ts';
import { root } from '../fixtures/repository-files.ts';
import { openDriven, schedule, watch } from '../fixtures/yard/driven.ts';
import type { DrivenYard } from '../fixtures/yard/driven.ts';
import { fenceOf, hang, runningYard } from '../fixtures/yard/running.ts';
import { until } from '../fixtures/yard/until.ts';
import { SELF } from '../fixtures/yard/yard.ts';

const TASK = 'TASK-1';
const HOUR_MS = 3_600_000;
const kinds = (commands: readonly { readonly kind: string }[]): string[] => commands.map(({ kind }) => kind);

function signalAll(marker: string, signal: NodeJS.Signals): ProcessIdentity[] {
  const found = findMarked(marker);
  for (const { pid } of found) process.kill(pid, signal);
  return found;
}

describe('case 14: a reboot', () => {
  test('makes all leases void; whoever has the pids of their owners now is not signalled', async () => {
    const { driven, scheduler: first, fence } = await runningYard(null);
    await first.release();
    const bystander = await hang(driven, 'of nobody');
    const owner = { ...bystander, bootId: 'the boot before' };
    await driven.store.claim(fence, owner, driven.clock.monotonicMs() + 1000 * LEASE_MS);
    await driven.store.acquire('scheduler', owner, driven.clock.monotonicMs() + 1000 * LEASE_MS, () => true);
    await driven.store.acquire('train', owner, driven.clock.monotonicMs() + 1000 * LEASE_MS, () => true);
    // The processes that carried the marker are gone as well.
    signalAll(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token), 'SIGKILL');
    const scheduler = await schedule(driven.yard);
    const report = await scheduler.cycle();
    expect(report.commands).toMatchObject([{ kind: 'recover', why: 'rebooted' }]);
    expect(report.snapshot.train.live).toBe(false);
    expect(isAlive(bystander)).toBe(true);
    expect(await driven.local.outcome(TASK, 1)).toMatchObject({ kind: 'lost', why: 'the machine was restarted' });
    expect(kinds((await scheduler.cycle()).commands)).toEqual(['dispatch']);
    process.kill(bystander.pid, 'SIGKILL');
  });
});

const LIBFAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
].find((path) => existsSync(path));

describe('case 16: the wall clock is set', () => {
  test.each([HOUR_MS, -HOUR_MS])('by %i ms: no lease expires by it, and none lives longer', async (jumpMs) => {
    const { driven, scheduler: first, fence } = await runningYard(null);
    await first.release();
    const [owner] = findMarked(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token));
    if (owner === undefined) throw new Error('there is no process');
    await driven.store.claim(fence, owner, driven.clock.monotonicMs() + LEASE_MS);
    const { clock } = driven;
    const set = { nowMs: () => clock.nowMs() + jumpMs, monotonicMs: () => clock.monotonicMs() };
    const scheduler = await schedule({ ...driven.yard, host: systemHost(set) });
    expect((await scheduler.cycle()).commands).toEqual([]);
    expect(await watch(driven, scheduler, LEASE_MS - 2 * HEARTBEAT_MS)).toEqual([]);
    expect(await watch(driven, scheduler, 3 * HEARTBEAT_MS)).toMatchObject([{ kind: 'recover', why: 'expired' }]);
  });

  test('while a backlog runs, forwards and back, for all its processes: each task has one attempt, and lands', async (context) => {
    if (LIBFAKETIME === undefined) context.skip('libfaketime is not installed (Debian package faketime)');
    const made = await makeYard({
      config: { environment: { allow: ['LD_PRELOAD', 'FAKETIME*', 'DONT_FAKE_MONOTONIC'] } },
      tasks: [
        { id: 'A-1', does: 'date +%s > "$BASE/seen"; touch "$BASE/started"; wait_for go; echo a > a.txt' },
        { id: 'B-1', after: ['A-1'], does: 'date +%s > "$BASE/seen-later"; echo b > b.txt' },
      ],
    });
    const file = await made.write('faketime', '+1h');
    const env = {
      LD_PRELOAD: LIBFAKETIME ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
    const run = made.start(['run'], { env });
    await made.waitForFile('started');
    await writeFile(file, '-1h');
    const looks = (await made.status()).counts.running;
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
    expect(looks).toBe(1);
    // The clock was indeed another one, before and after.
    expect(Number(await made.readText('seen')) * 1000).toBeGreaterThan(Date.now() + HOUR_MS / 2);
    expect(Number(await made.readText('seen-later')) * 1000).toBeLessThan(Date.now() - HOUR_MS / 2);
    for (const id of ['A-1', 'B-1']) {
      expect(
        await made.read(async (reader) => (await reader.attempts(id)).map(({ outcome }) => outcome?.kind)),
      ).toEqual(['accepted']);
    }
  });
});

/** A real attempt whose agent is at work. */
async function atWork(): Promise<DrivenYard> {
  const driven = await openDriven({ self: SELF });
  await driven.writeTask({ id: TASK });
  await driven.local.does(
    TASK,
    'cat > /dev/null; echo "$YARD_ATTEMPT" > by; if [ "$YARD_ATTEMPT" = 1 ]; then touch $BASE/started; until [ -e $BASE/go ]; do sleep 0.02; done; fi',
  );
  return driven;
}

describe('case 17: SIGSTOP worker past lease, requeue, SIGCONT', () => {
  test('the worker is ended before its task starts again', async () => {
    const driven = await atWork();
    const first = await schedule(driven.yard);
    await first.cycle();
    await until('the agent', () => existsSync(driven.local.path('started')));
    const fence = await fenceOf(driven, TASK);
    const stopped = signalAll(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token), 'SIGSTOP');
    expect(stopped.length).toBeGreaterThan(1);
    expect(await watch(driven, first, 2 * LEASE_MS)).toMatchObject([{ kind: 'recover', why: 'expired' }]);
    await first.release();
    expect(stopped.filter((identity) => isAlive(identity))).toEqual([]);
    // The second attempt lives in the time of the machine.
    const second = await schedule({ ...driven.yard, host: systemHost(systemClock) });
    await second.cycle();
    await until('the second attempt', async () => (await driven.local.status(TASK)) === 'accepted');
    expect(await driven.local.outcome(TASK, 1)).toMatchObject({ kind: 'lost' });
    expect(await driven.local.record(TASK, 2)).toMatchObject({ outcome: { kind: 'accepted' } });
  });

  test('one that nobody could end comes back: each of its writes is refused, and the other’s result stands', async () => {
    const driven = await atWork();
    const { local, store } = driven;
    const first = await schedule(driven.yard);
    await first.cycle();
    await first.release();
    await until('the agent', () => existsSync(local.path('started')));
    const fence = await fenceOf(driven, TASK);
    const marker = attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token);
    signalAll(marker, 'SIGSTOP');
    await store.lose(await local.scheduler(), fence, TASK, 1, {
      kind: 'lost',
      why: 'its process did not renew the lease',
    });
    const head = await local.accept(TASK, { theirs: 'x\n' });
    const before = await store.task(TASK);
    await writeFile(local.path('go'), '');
    signalAll(marker, 'SIGCONT');
    await until('the end of the first worker', () => findMarked(marker).length === 0);
    expect(await store.task(TASK)).toEqual(before);
    expect(before?.state).toMatchObject({ status: 'accepted', attempt: 2, head });
    expect((await store.attempts(TASK)).map(({ outcome }) => outcome?.kind)).toEqual(['lost', 'accepted']);
    const refs = await runGit(driven.yard.depot.path, ['for-each-ref', '--format=%(refname)', 'refs/yard/attempt']);
    expect(refs.split('\n')).toEqual([`refs/yard/attempt/${TASK}/2/${fence.token + 2}`]);
    // What its agent made is kept where it made it.
    expect(existsSync(join(driven.yard.stateDirectory, 'lanes', TASK, 'by'))).toBe(true);
  });
});

describe('case 18: suspend and resume', () => {
  test('what lives gets one grace period to renew its lease; what is dead is recovered at once', async () => {
    const { driven, scheduler, fence } = await runningYard(null);
    const [owner] = findMarked(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token));
    if (owner === undefined) throw new Error('there is no process');
    await driven.store.claim(fence, owner, driven.clock.monotonicMs() + LEASE_MS);
    await driven.writeTask({ id: 'TASK-2' });
    await scheduler.cycle();
    const dead = { ...ownIdentity(), startTime: '1' };
    await driven.store.claim(await fenceOf(driven, 'TASK-2'), dead, driven.clock.monotonicMs() + LEASE_MS);
    // The whole machine was away.
    driven.clock.pass(24 * HOUR_MS);
    expect((await scheduler.cycle()).commands).toMatchObject([
      { kind: 'recover', taskId: 'TASK-2', why: 'owner-dead' },
    ]);
    expect(kinds(await watch(driven, scheduler, HEARTBEAT_MS))).toEqual(['dispatch']);
    await driven.store.renew(fence, driven.clock.monotonicMs() + 3 * LEASE_MS);
    await driven.store.claim(await fenceOf(driven, 'TASK-2', 2), owner, driven.clock.monotonicMs() + 3 * LEASE_MS);
    expect(await watch(driven, scheduler, 2 * LEASE_MS)).toEqual([]);
    expect(isAlive(owner)).toBe(true);
    expect(await driven.local.status(TASK)).toBe('running');
  });

  test('one grace period, and no more', async () => {
    const { driven, scheduler, fence } = await runningYard(null);
    const [owner] = findMarked(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token));
    if (owner === undefined) throw new Error('there is no process');
    await driven.store.claim(fence, owner, driven.clock.monotonicMs() + LEASE_MS);
    await scheduler.cycle();
    driven.clock.pass(24 * HOUR_MS);
    expect((await scheduler.cycle()).commands).toEqual([]);
    expect(await watch(driven, scheduler, LEASE_MS - HEARTBEAT_MS)).toEqual([]);
    expect(await watch(driven, scheduler, HEARTBEAT_MS)).toMatchObject([{ kind: 'recover', why: 'expired' }]);
    expect(isAlive(owner)).toBe(false);
  });

  test('a scheduler that starts into it waits as well, and one that starts after another does not', async () => {
    const { driven, scheduler: first, fence } = await runningYard(null);
    const [owner] = findMarked(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token));
    if (owner === undefined) throw new Error('there is no process');
    await driven.store.claim(fence, owner, driven.clock.monotonicMs() + LEASE_MS);
    await first.release();
    driven.clock.pass(10 * LEASE_MS);
    const second = await schedule(driven.yard);
    expect((await second.cycle()).commands).toEqual([]);
    await second.release();
    driven.clock.pass(10 * LEASE_MS);
    // As from cron: each process looks once. The lease was expired at the look before, and has not been renewed since.
    const third = await schedule(driven.yard);
    expect((await third.cycle()).commands).toMatchObject([{ kind: 'recover', why: 'expired' }]);
  });
});

describe('case 19: PID reused by a stranger', () => {
  test('the stranger is never signalled, nor taken for the one that died', async (context) => {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) context.skip('needs root, for a pid namespace');
    const script = join(root, 'test/fixtures/processes/reused-pid.ts');
    const args = ['-pf', '--mount-proc', process.execPath, script];
    const run = await promisify(execFile)('unshare', args).catch((error: unknown) => {
      const { stderr = '' } = error as { readonly stderr?: string };
      if (/unshare|Operation not permitted|Read-only/.test(stderr)) return stderr.trim();
      throw error;
    });
    if (typeof run === 'string') return context.skip(`no pid namespace can be made: ${run}`);
    expect(JSON.parse(run.stdout)).toEqual({ samePid: true, mineAlive: false, survivors: [], strangerAlive: true });
  });

  test('an attempt whose pid is another’s now is dead, and recovered', async () => {
    const { driven, scheduler, fence } = await runningYard(null);
    const stranger = await hang(driven, 'of nobody');
    signalAll(attemptMarker(driven.yard.stateDirectory, TASK, 1, fence.token), 'SIGKILL');
    await driven.store.claim(fence, { ...stranger, startTime: '1' }, driven.clock.monotonicMs() + LEASE_MS);
    expect((await scheduler.cycle()).commands).toMatchObject([{ kind: 'recover', why: 'owner-dead' }]);
    expect(isAlive(stranger)).toBe(true);
    process.kill(stranger.pid, 'SIGKILL');
  });
});
