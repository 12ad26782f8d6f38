import { writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { allowedEnvironment } from './environment.ts';
import { isAlive } from './identity.ts';
import { LineSplitter } from './lines.ts';
import { type RunOptions, type StartedProcess, runProcess } from './run.ts';
import { readRow } from './table.ts';
import { findMarked } from './tree.ts';

const daemon = join(import.meta.dirname, '../../test/fixtures/processes/daemon.ts');
const MIB = 1024 * 1024;

let cwd: string;
let base: RunOptions;
beforeEach(async () => {
  cwd = await useTemporaryDirectory('run');
  base = { cwd, env: allowedEnvironment([], {}), killGraceMs: 50 };
});

const shell = (script: string, options: Partial<RunOptions> = {}): ReturnType<typeof runProcess> =>
  runProcess('sh', ['-c', script], { ...base, ...options });

/** An orphan that has ended stays a zombie until init reaps it. */
const runs = (pid: number): boolean => readRow(pid)?.alive === true;

describe('the result', () => {
  it('holds code and output of a program that exits', async () => {
    const result = await shell('pwd; echo problem >&2; exit 3');
    expect(result).toMatchObject({ kind: 'exited', code: 3, survivors: [], stdoutTruncated: false });
    expect(result.stdout.toString()).toBe(`${cwd}\n`);
    expect(result.stderr.toString()).toBe('problem\n');
  });

  it('names the signal that ended the program, and no code', async () => {
    const result = await shell('kill -SEGV $$');
    expect(result).toMatchObject({ kind: 'signalled', signal: 'SIGSEGV' });
    expect(result).not.toHaveProperty('code');
  });

  it.each([
    ['ENOENT', '/no/such/program', [], {}],
    ['EACCES', '/etc/passwd', [], {}],
    ['E2BIG', 'echo', ['x'.repeat(MIB)], {}],
    ['ERR_INVALID_ARG_VALUE', 'echo', ['nul \0 byte'], {}],
    ['ENOENT', 'echo', [], { output: { stdout: '/no/such/directory/log' } }],
    ['ENOENT', 'echo', [], { cwd: '/no/such/directory' }],
  ])('is a value when the program cannot start (%s, %s)', async (errorCode, file, args, options) => {
    const result = await runProcess(file, args, { ...base, input: 'unread', ...options });
    expect(result).toMatchObject({ kind: 'spawn-failed', errorCode, survivors: [] });
  });

  it('says that it is the directory that is missing', async () => {
    const result = await shell('true', { cwd: '/no/such/directory' });
    expect(result).toMatchObject({ message: 'cannot start sh: no directory /no/such/directory' });
  });
});

describe('the environment', () => {
  it('is what was given, and the marker', async () => {
    const result = await runProcess('/usr/bin/env', [], { ...base, env: { ONLY: 'this' }, marker: 'task-1' });
    expect(result.stdout.toString()).toBe('ONLY=this\nYARD_MARKER=task-1\n');
  });
});

describe('input', () => {
  it('is written and closed', async () => {
    const input = 'x'.repeat(3 * MIB);
    const result = await shell('cat', { input });
    expect(result.stdout.equals(Buffer.from(input))).toBe(true);
  });

  it('is empty when there is none', async () => {
    expect(await shell('cat')).toMatchObject({ kind: 'exited', code: 0 });
  });

  it('may be left unread', async () => {
    const result = await shell('exec <&-; exit 5', { input: Buffer.alloc(8 * MIB) });
    expect(result).toMatchObject({ kind: 'exited', code: 5 });
  });

  it('does not grow without end where it is not read', async () => {
    const result = await shell('until [ -e go ]; do sleep 0.05; done; wc -c', {
      holdInput: true,
      onStarted: ({ write, endInput }) => {
        for (let count = 0; count < 100; count += 1) write(Buffer.alloc(MIB));
        writeFileSync(join(cwd, 'go'), '');
        endInput();
      },
    });
    const bytes = Number(result.stdout.toString());
    expect(bytes).toBeGreaterThanOrEqual(64 * MIB);
    expect(bytes).toBeLessThan(70 * MIB);
  });

  it('can be a conversation', async () => {
    const started = Promise.withResolvers<StartedProcess>();
    const heard: string[] = [];
    const lines = new LineSplitter(100, ({ text }) => heard.push(text));
    const running = shell('while read -r line; do echo "heard $line"; done; echo bye', {
      input: 'one\n',
      holdInput: true,
      onStarted: started.resolve,
      onOutput: (chunk) => {
        lines.push(chunk);
        void started.promise.then(({ write, endInput }) => (heard.length === 1 ? write('two\n') : endInput()));
      },
    });
    expect(await running).toMatchObject({ kind: 'exited', code: 0 });
    expect(heard).toEqual(['heard one', 'heard two', 'bye']);
    (await started.promise).write('nobody hears this');
  });
});

describe('stopping', () => {
  it('times out, and kills what ignores SIGTERM', async () => {
    const result = await shell('trap "" TERM; echo begun; sleep 1000; sleep 1000', { timeoutMs: 1 });
    expect(result).toMatchObject({ kind: 'timed-out', survivors: [] });
    expect(result).not.toHaveProperty('code');
  });

  it('takes any timeout', async () => {
    expect(await shell('true', { timeoutMs: Number.MAX_SAFE_INTEGER })).toMatchObject({ kind: 'exited' });
  });

  it.each([true, false])('is cancelled by the signal, with its children (session %s)', async (session) => {
    const abort = new AbortController();
    const onOutput = (): void => abort.abort();
    const result = await shell('sleep 1000 & echo $!; wait', { signal: abort.signal, onOutput, session });
    expect(result).toMatchObject({ kind: 'cancelled', survivors: [] });
    expect(runs(Number(result.stdout.toString()))).toBe(false);
  });

  it('does not start what is cancelled already', async () => {
    const result = await shell('touch started', { signal: AbortSignal.abort() });
    expect(result.kind).toBe('cancelled');
    await expect(stat(join(cwd, 'started'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['onOutput', 'onStarted'])('rejects with what %s threw, after killing', async (callback) => {
    let started: StartedProcess | undefined;
    const options: Partial<RunOptions> = {
      onStarted: (process) => {
        started = process;
        if (callback === 'onStarted') throw new Error('thrown');
      },
      onOutput: () => {
        throw new Error('thrown');
      },
    };
    await expect(shell('while :; do echo talk; sleep 0.01; done', options)).rejects.toThrow('thrown');
    expect(isAlive(started!.identity)).toBe(false);
  });
});

describe('what the leader leaves behind', () => {
  it('is killed with the session', async () => {
    const result = await shell('trap "" TERM; sleep 1000 & echo $!');
    expect(result).toMatchObject({ kind: 'exited', code: 0, survivors: [] });
    expect(runs(Number(result.stdout.toString()))).toBe(false);
  });

  it('may finish its last words first', async () => {
    const result = await shell('(echo last) & exit 0');
    expect(result.stdout.toString()).toBe('last\n');
  });

  it.each(['silent', 'chatty'])('cannot hang the run by holding its streams: a %s daemon', async (manner) => {
    const result = await runProcess(process.execPath, [daemon, manner], { ...base, marker: cwd });
    expect(result).toMatchObject({ kind: 'exited', code: 0, survivors: [] });
    const pid = Number(/^\d+$/mu.exec(result.stdout.toString())?.[0]);
    expect(runs(pid)).toBe(false);
    expect(findMarked(cwd)).toEqual([]);
  });

  it('cannot hang a run without a session either', async () => {
    const result = await shell('sleep 1000 & echo $!', { session: false });
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    process.kill(Number(result.stdout.toString()), 'SIGKILL');
  });
});

describe('output', () => {
  it('is bounded in memory, its beginning and end kept', async () => {
    const before = process.memoryUsage().rss;
    let peak = 0;
    let seenBytes = 0;
    const result = await shell('echo first; yes | head -c 209715200; echo last', {
      maxOutputBytes: MIB,
      onOutput: (chunk) => {
        seenBytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    });
    expect(result).toMatchObject({ kind: 'exited', code: 0, stdoutTruncated: true, stderrTruncated: false });
    expect(seenBytes).toBe(200 * MIB + 11);
    const text = result.stdout.toString();
    expect(text.startsWith('first\ny\n')).toBe(true);
    expect(text.endsWith('y\nlast\n')).toBe(true);
    expect(text).toContain(`\n[... ${seenBytes - MIB} bytes cut ...]\n`);
    expect(peak - before).toBeLessThan(120 * MIB);
  });

  it('may be one line of 100 MB', async () => {
    const before = process.memoryUsage().rss;
    let peak = 0;
    const lengths: [number, number][] = [];
    const lines = new LineSplitter(MIB, ({ text, cutBytes }) => lengths.push([text.length, cutBytes]));
    const onOutput = (chunk: Buffer): void => {
      lines.push(chunk);
      peak = Math.max(peak, process.memoryUsage.rss());
    };
    await shell('head -c 104857600 /dev/zero; echo; echo next', { maxOutputBytes: 0, onOutput });
    lines.end();
    expect(lengths).toEqual([
      [MIB + '[... 103809024 bytes cut]'.length, 99 * MIB],
      [4, 0],
    ]);
    expect(peak - before).toBeLessThan(120 * MIB);
  });

  it('goes to files, appended, both streams to one if wanted', async () => {
    const log = join(cwd, 'log');
    const output = { stdout: log, stderr: log };
    expect((await shell('echo one; echo two >&2', { output })).stdout).toEqual(Buffer.alloc(0));
    await shell('echo three', { output });
    expect(await readFile(log, 'utf8')).toBe('one\ntwo\nthree\n');
    expect((await stat(log)).mode & 0o777).toBe(0o600);
  });
});
