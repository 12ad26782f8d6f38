import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { YardEvent } from '../../src/core/yard-event.ts';
import { openReader } from '../../src/store/sqlite-reader.ts';
import { startYard } from '../fixtures/e2e/command.ts';
import type { Started } from '../fixtures/e2e/command.ts';
import { minimalEnvironment, runGit } from '../fixtures/e2e/git.ts';
import { awaitQuiet, processesOf } from '../fixtures/e2e/own-processes.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

const TASKS = ['ORD-1', 'ORD-2', 'ORD-3', 'ORD-4', 'ORD-5', 'SHIP-1', 'SHIP-2', 'SHIP-3', 'SHIP-4', 'SHIP-5', 'SHIP-6'];
/** The demo starts dozens of processes, on machines that may be busy with other things. */
const timeout = 300_000;

/** A demo that is under way in a directory of its own. */
class Demo {
  readonly base: string;
  readonly run: Started;

  private constructor(base: string, args: readonly string[]) {
    this.base = base;
    this.run = startYard(['demo', '--directory', this.directory, ...args], {
      cwd: base,
      env: minimalEnvironment(this.home),
      foreground: true,
    });
  }

  static async start(...args: readonly string[]): Promise<Demo> {
    const base = await useTemporaryDirectory('demo');
    await mkdir(join(base, 'home'));
    const demo = new Demo(base, args);
    onTestFinished(() => awaitQuiet(base, 10_000), 60_000);
    return demo;
  }

  get home(): string {
    return join(this.base, 'home');
  }

  get directory(): string {
    return join(this.base, 'demo');
  }

  get project(): string {
    return join(this.directory, 'shop');
  }

  git(...args: readonly string[]): string {
    return runGit(this.project, this.home, args);
  }

  async events(): Promise<YardEvent[]> {
    const reader = openReader(join(this.directory, 'state/state.db'));
    if (reader === null) throw new Error('the demo has no store');
    try {
      return await reader.events({});
    } finally {
      await reader.close();
    }
  }
}

/** Numbers of the first and last event of each attempt of a task: while it ran. */
function attemptsOf(events: readonly YardEvent[], id: string): { start: number; end: number }[] {
  const own = events.filter(({ taskId }) => taskId === id);
  const seqs = (type: string): number[] => own.filter((event) => event.type === type).map(({ seq }) => seq);
  const ends = seqs('attempt.finished');
  return seqs('task.leased').map((start, index) => ({ start, end: ends[index] ?? Infinity }));
}

function ranAtOnce(events: readonly YardEvent[], a: string, b: string): boolean {
  return attemptsOf(events, a).some((one) =>
    attemptsOf(events, b).some((other) => one.start < other.end && other.start < one.end),
  );
}

function outcomes(events: readonly YardEvent[], id: string): unknown[] {
  return events.flatMap(({ type, taskId, data }) =>
    type === 'attempt.finished' && taskId === id ? [(data as { outcome: { kind: string } }).outcome.kind] : [],
  );
}

test('yard demo: all of it lands, after everything that can go wrong has gone wrong', { timeout }, async () => {
  const demo = await Demo.start();
  const { code, stdout } = await demo.run.done;
  expect({ code, stdout }).toMatchObject({ code: 0 });
  expect(await processesOf(demo.base)).toEqual([]);
  expect(stdout).toContain('All 11 tasks landed on agent/integration');
  expect(stdout).toContain('Your checkout was not touched');
  expect(stdout).toContain(`export YARD_STATE_DIR=${join(demo.directory, 'state')}`);
  // No escape sequence where there is no terminal.
  expect(stdout.includes('\u001b')).toBe(false);

  // The user's own places.
  expect(demo.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
  expect(demo.git('rev-list', '--count', 'HEAD')).toBe('1');
  expect(demo.git('status', '--porcelain', '--ignored')).toBe('');
  expect(await readdir(demo.home)).toEqual([]);

  // What landed, once each, and the tests of each tree again.
  const trailers = demo.git(
    'log',
    '--first-parent',
    '--format=%(trailers:key=Yard-Task,valueonly)%x2e',
    'main..agent/integration',
  );
  const landed = trailers.split('.').map((id) => id.trim());
  expect(landed.filter((id) => id !== '').toSorted()).toEqual(TASKS);
  const commits = demo.git('rev-list', '--first-parent', '--min-parents=2', 'main..agent/integration').split('\n');
  expect(commits).toHaveLength(TASKS.length);
  expect(failingTrees(demo, commits)).toEqual([]);

  const events = await demo.events();
  expect(outcomes(events, 'SHIP-1')).toEqual(['gate-red', 'accepted']);
  expect(outcomes(events, 'SHIP-2')).toEqual(['scope', 'accepted']);
  expect(outcomes(events, 'SHIP-3')).toEqual(['question', 'accepted']);
  expect(outcomes(events, 'SHIP-6')).toEqual(['needs-approval', 'accepted']);
  const answered = events.filter(({ type }) => type === 'task.answered' || type === 'task.approved');
  expect(new Set(answered.map(({ taskId }) => taskId))).toEqual(new Set(['SHIP-3', 'SHIP-6']));
  const conflicted = events.filter(({ type }) => type === 'task.conflicted');
  expect(conflicted).toHaveLength(1);
  expect(['SHIP-4', 'SHIP-5']).toContain(conflicted[0]?.taskId);
  expect(ranAtOnce(events, 'SHIP-4', 'SHIP-5')).toBe(true);
  expect(ranAtOnce(events, 'ORD-4', 'ORD-5')).toBe(false);
});

/** Those of the commits whose own test suite is red. */
function failingTrees(demo: Demo, commits: readonly string[]): string[] {
  const clone = join(demo.base, 'clone');
  runGit(demo.base, demo.home, ['clone', '--quiet', '--no-checkout', demo.project, clone]);
  return commits.filter((commit) => {
    runGit(clone, demo.home, ['checkout', '--quiet', '--detach', commit]);
    const env = minimalEnvironment(demo.home);
    return spawnSync(process.execPath, ['--test', '--test-isolation=none'], { cwd: clone, env }).status !== 0;
  });
}

test('yard demo: Ctrl-C ends all that runs', { timeout }, async () => {
  const demo = await Demo.start();
  await vi.waitUntil(() => demo.run.output().includes('★'), { timeout, interval: 20 });
  // As a terminal does it: the signal goes to every program in the foreground, a git of the scheduler's included.
  process.kill(-demo.run.pid, 'SIGINT');
  const { code, stdout } = await demo.run.done;
  expect(await processesOf(demo.base)).toEqual([]);
  expect({ code, stdout }).toMatchObject({ code: 1 });
  expect(stdout).toContain('Interrupted');
  expect(stdout).toContain(`cd ${demo.project}`);
});

test('yard demo: a scenario that there is not', async () => {
  const demo = await Demo.start('--scenario', 'nightmare');
  const { code, stdout, stderr } = await demo.run.done;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe('error: there is no demo "nightmare"\nhint: Demos are: backlog, hostile, steer.\n');
  expect(existsSync(demo.directory)).toBe(false);
});

test('yard demo: never over what is there', async () => {
  const demo = await Demo.start('--directory', '.');
  const { code, stdout, stderr } = await demo.run.done;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('it is not empty');
});
