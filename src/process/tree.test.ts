import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Started, startProgram } from '../../test/fixtures/processes/started.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { identityOf, isAlive } from './identity.ts';
import { findMarked, killTree } from './tree.ts';

const fixtures = join(import.meta.dirname, '../../test/fixtures/processes');
const GRACE_MS = 50;

let cwd: string;
let marker: string;
beforeEach(async () => {
  cwd = await useTemporaryDirectory('kill');
  marker = cwd;
});

const marked = (): { YARD_MARKER: string } => ({ YARD_MARKER: marker });
const shell = (script: string, env: Record<string, string> = {}): Promise<Started> =>
  startProgram('sh', ['-c', script], cwd, env);

/** For a process that should survive the test's subject. */
function killAfterwards(pid: number): void {
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
}

describe('killTree', () => {
  it('asks first: a program that obeys SIGTERM ends by it', async () => {
    const { pid, ended } = await shell('trap "exit 7" TERM; echo ready; while :; do sleep 1000 & wait; done');
    expect(await killTree({ leader: identityOf(pid), marker: null, graceMs: 10_000 })).toEqual({ survivors: [] });
    expect(await ended).toBe(7);
  });

  it('uses the signal that it is given', async () => {
    const { pid, ended } = await shell('trap "exit 8" HUP; echo ready; while :; do sleep 1000 & wait; done');
    await killTree({ leader: identityOf(pid), marker: null, graceMs: 10_000, termSignal: 'SIGHUP' });
    expect(await ended).toBe(8);
  });

  it('kills what ignores SIGTERM, children included', async () => {
    const { pid, line, ended } = await shell('trap "" TERM; sleep 1000 & echo $!; wait');
    const child = identityOf(Number(line))!;
    expect(await killTree({ leader: identityOf(pid), marker: null, graceMs: GRACE_MS })).toEqual({ survivors: [] });
    expect(await ended).toBe('SIGKILL');
    expect(isAlive(child)).toBe(false);
  });

  it('kills at once without a grace', async () => {
    const { pid, ended } = await shell('trap "exit 7" TERM; echo ready; while :; do sleep 1000 & wait; done');
    await killTree({ leader: identityOf(pid), marker: null, graceMs: 0 });
    expect(await ended).toBe('SIGKILL');
  });

  it('finds the session of a leader that is gone', async () => {
    const { pid, line, child, ended } = await shell('sleep 1000 & echo $!; wait');
    const leader = identityOf(pid);
    const orphan = identityOf(Number(line))!;
    child.kill('SIGKILL');
    await ended;
    expect(isAlive(orphan)).toBe(true);
    expect(await killTree({ leader, marker: null, graceMs: GRACE_MS })).toEqual({ survivors: [] });
    expect(isAlive(orphan)).toBe(false);
  });

  it('leaves a process of a gone leader’s session that is marked as another’s', async () => {
    const { pid, line, child, ended } = await shell('YARD_MARKER=another sleep 1000 & echo $!; wait');
    const leader = identityOf(pid);
    const stranger = identityOf(Number(line))!;
    await expect.poll(() => findMarked('another')).toContainEqual(stranger);
    killAfterwards(stranger.pid);
    child.kill('SIGKILL');
    await ended;
    expect(await killTree({ leader, marker, graceMs: GRACE_MS })).toEqual({ survivors: [] });
    expect(isAlive(stranger)).toBe(true);
  });

  it.each(['with its dead leader', 'by its marker alone'])('finds a daemon in another session %s', async (how) => {
    const { pid, line, ended } = await startProgram(process.execPath, [join(fixtures, 'daemon.ts')], cwd, marked());
    const leader = identityOf(pid);
    const daemon = identityOf(Number(line))!;
    await ended;
    expect(findMarked(marker)).toEqual([daemon]);
    await killTree({ leader: how === 'by its marker alone' ? null : leader, marker, graceMs: GRACE_MS });
    expect(isAlive(daemon)).toBe(false);
    expect(findMarked(marker)).toEqual([]);
  });

  it('finds a descendant in another session without a marker', async () => {
    const program = `
      const { spawn } = require('node:child_process');
      const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
      child.on('spawn', () => console.log(child.pid));`;
    const { pid, line } = await startProgram(process.execPath, ['-e', program], cwd);
    const descendant = identityOf(Number(line))!;
    await killTree({ leader: identityOf(pid), marker: null, graceMs: 10_000 });
    expect(isAlive(descendant)).toBe(false);
  });

  it('catches what is started in answer to SIGTERM', async () => {
    const program = `
      const { spawn } = require('node:child_process');
      process.on('SIGTERM', () => {
        for (let count = 0; count < 5; count += 1) spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
        process.exit(0);
      });
      setInterval(() => {}, 1000);
      console.log('ready');`;
    const { pid } = await startProgram(process.execPath, ['-e', program], cwd, marked());
    expect(await killTree({ leader: identityOf(pid), marker, graceMs: GRACE_MS })).toEqual({ survivors: [] });
    expect(findMarked(marker)).toEqual([]);
  });

  it.each([{ startTime: '1' }, { startTime: '99999999999' }, { bootId: 'another boot' }])(
    'never signals a process whose identity differs in %o',
    async (difference) => {
      const { child, pid, ended } = await shell('exec 2>&1; echo ready; exec sleep 1000');
      const identity = identityOf(pid)!;
      const report = await killTree({ leader: { ...identity, ...difference }, marker: null, graceMs: GRACE_MS });
      expect(report).toEqual({ survivors: [] });
      expect(isAlive(identity)).toBe(true);
      child.kill('SIGUSR2');
      expect(await ended).toBe('SIGUSR2');
    },
  );

  it('never signals itself or its ancestors', async () => {
    const inner = [process.execPath, join(fixtures, 'kill-own-marker.ts')]
      .map((part) => JSON.stringify(part))
      .join(' ');
    // The shell is the ancestor: it carries the marker too, and lives to choose the exit code.
    const { line, ended } = await shell(`${inner} && exit 9`, marked());
    expect(JSON.parse(line)).toEqual({ survivors: [], signal: 'SIGTERM' });
    expect(await ended).toBe(9);
  });

  it('has nothing to do for a tree that is gone', async () => {
    const { pid, child, ended } = await shell('echo ready; exec sleep 1000');
    const leader = identityOf(pid);
    child.kill('SIGKILL');
    await ended;
    expect(await killTree({ leader, marker, graceMs: 10_000 })).toEqual({ survivors: [] });
  });
});
