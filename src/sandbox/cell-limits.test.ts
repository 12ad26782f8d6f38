import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';

import { memoryHog, whyNoMemoryLimit } from '../../test/fixtures/sandbox/memory-hog.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { resolveSandbox } from '../config/sandbox-schema.ts';
import type { CellLimits } from '../core/cell-policy.ts';
import { give } from '../process/owner.ts';
import { findMarked } from '../process/tree.ts';
import { bubblewrapSandbox } from './bubblewrap.ts';
import { findCgroupPlaces } from './cgroup-places.ts';
import { NO_SANDBOX } from './none.ts';
import { probeBubblewrap } from './probe.ts';
import { runInCell } from './run-in-cell.ts';
import type { CellResult, CellRunOptions } from './run-in-cell.ts';
import type { Cell, Sandbox } from './sandbox.ts';

const MEBIBYTE = 1024 ** 2;
const support = await probeBubblewrap(process.env['PATH'] ?? '');
const places = findCgroupPlaces();

interface Skips {
  skip(why: string): void;
}

/** The sandbox, where this machine has it. */
function sandboxOf(kind: string, context: Skips): Sandbox {
  if (kind === 'none') return NO_SANDBOX;
  if (support.kind !== 'works') {
    context.skip(support.why);
    throw new Error('skipped');
  }
  return bubblewrapSandbox(support.program);
}

function needs(controller: 'memory' | 'pids', context: Skips): void {
  if (!places.some(({ controllers }) => controllers.includes(controller)))
    context.skip(`no cgroup can be made here that bounds ${controller}`);
}

interface Run {
  readonly marker: string;
  readonly result: Promise<CellResult>;
}

async function start(
  sandbox: Sandbox,
  script: string,
  limits: Partial<CellLimits>,
  options: CellRunOptions = {},
  also: Partial<Cell> = {},
): Promise<Run> {
  const base = await useTemporaryDirectory('cell');
  for (const name of ['lane', 'scratch']) await mkdir(join(base, name));
  if (sandbox.owner !== null) give(join(base, 'lane'), sandbox.owner);
  const cell = {
    directory: join(base, 'lane'),
    writable: [],
    readable: [],
    hidden: [],
    bridge: [],
    scratch: join(base, 'scratch'),
    network: 'none',
    limits: { ...resolveSandbox('auto').gates.limits, nice: 0, ...limits },
    egressLog: join(base, 'network.ndjson'),
    layers: [],
    redact: (text: string) => text,
    ...also,
  } as const;
  const env = { PATH: process.env['PATH'] ?? '', HOME: base };
  const marker = `${base}:cell`;
  const command = { argv: ['/bin/sh', '-c', script], env } as const;
  const all = { timeoutMs: 60_000, killGraceMs: 0, marker, ...options };
  return { marker, result: runInCell(sandbox, cell, command, all) };
}

/** Starts processes until it cannot, or has started 300; says how many, and waits to be told to end. */
const FORKS = `
  (count=0; while [ $count -lt 300 ]; do sleep 1000 & count=$((count + 1)); echo $count > started; done)
  read -r count < started; echo "full $count"; read -r end`;
const HOG = `${memoryHog(400 * MEBIBYTE)}; echo went on`;
const LIMIT = 40;

describe.each(['none', 'bubblewrap'])('in a cell of %s', (kind) => {
  test('who takes more memory than its limit is ended, and it is said why', async (context) => {
    const sandbox = sandboxOf(kind, context);
    const why = whyNoMemoryLimit();
    if (why !== null) context.skip(why);
    const { marker, result } = await start(sandbox, HOG, { memoryBytes: 200 * MEBIBYTE });
    const ended = await result;
    expect(ended).toMatchObject({
      breach: 'used more than 200 MiB of memory, its limit (sandbox.gates.limits.memory)',
      survivors: [],
    });
    expect(ended.stdout.length).toBeLessThan(MEBIBYTE);
    expect(findMarked(marker)).toEqual([]);
  });

  test('who forks without end stops at the limit; other cells and the machine go on', async (context) => {
    const sandbox = sandboxOf(kind, context);
    if (kind === 'none') needs('pids', context);
    await expectBounded(
      (onOutput, signal) => start(sandbox, FORKS, { processes: LIMIT }, { onOutput, signal, holdInput: true }),
      () => start(sandbox, manyForks(20), { processes: LIMIT }),
    );
  });

  test('nothing is left of its cgroups', async (context) => {
    const sandbox = sandboxOf(kind, context);
    const { result } = await start(sandbox, 'setsid sleep 1000 > /dev/null 2>&1 & echo done', {});
    expect((await result).stdout.toString()).toBe('done\n');
    const own = places.flatMap(({ parent }) => readdirSync(parent).filter((name) => name.includes(`-${process.pid}.`)));
    expect(own).toEqual([]);
  });

  test('a command that kills itself is not said to be out of memory', async (context) => {
    const { result } = await start(sandboxOf(kind, context), 'kill -KILL $$', {});
    expect(await result).toMatchObject({ kind: 'signalled', signal: 'SIGKILL', breach: null });
  });

  test('a cancelled one is cancelled, whatever it used', async (context) => {
    const abort = new AbortController();
    const { result } = await start(
      sandboxOf(kind, context),
      'echo ready; sleep 1000',
      {},
      { signal: abort.signal, onOutput: () => abort.abort() },
    );
    expect(await result).toMatchObject({ kind: 'cancelled', breach: null });
  });
});

/** Ends well when this many processes could run at once. */
function manyForks(count: number): string {
  return `count=0; while [ $count -lt ${count} ]; do sleep 1000 & count=$((count + 1)); done; echo well`;
}

/** Fills one cell, runs another beside it, and starts a process outside. */
async function expectBounded(
  fill: (onOutput: (chunk: Buffer) => void, signal: AbortSignal) => Promise<Run>,
  beside: () => Promise<Run>,
): Promise<void> {
  const full = Promise.withResolvers<number>();
  const abort = new AbortController();
  let said = '';
  const run = await fill((chunk) => {
    said += chunk.toString();
    const [, count] = /full (\d+)\n/.exec(said) ?? [];
    if (count !== undefined) full.resolve(Number(count));
  }, abort.signal);
  const count = await Promise.race([
    full.promise,
    run.result.then(({ stderr }) => {
      throw new Error(`the command has ended: ${String(stderr)}`);
    }),
  ]);
  expect(count).toBeGreaterThan(LIMIT / 2);
  expect(count).toBeLessThan(LIMIT);
  expect(await (await beside()).result).toMatchObject({ kind: 'exited', code: 0 });
  expect(spawnSync('true').status).toBe(0);
  abort.abort();
  expect(await run.result).toMatchObject({ kind: 'cancelled', survivors: [] });
  expect(findMarked(run.marker)).toEqual([]);
}

/** Nobody's, as far as anybody knows. */
const STRANGER = 64_999;
const FIXTURE = join(import.meta.dirname, '../../test/fixtures/sandbox/cell-of-another-user.ts');
const AS_STRANGER = ['setpriv', `--reuid=${STRANGER}`, `--regid=${STRANGER}`, '--clear-groups', '--'];

/** Why none of these tests can run here; null: they can. */
function whyNoStranger(): string | null {
  if (process.getuid?.() !== 0) return 'only root can run something as another user';
  const [program, ...args] = [...AS_STRANGER, process.execPath, '--version'];
  if (spawnSync(program, args).status !== 0) return 'another user cannot run Node here';
  const [reader, ...words] = [...AS_STRANGER, 'test', '-r', FIXTURE];
  return spawnSync(reader, words).status === 0 ? null : 'another user cannot read this repository';
}

interface StrangersCell {
  /** The first line of the command. */
  readonly line: string;
  /** Lets the command read to the end of its input. */
  end(): void;
  readonly result: Promise<Pick<CellResult, 'kind' | 'breach' | 'survivors'>>;
}

async function startAsStranger(script: string, limits: Partial<CellLimits>): Promise<StrangersCell> {
  if (support.kind !== 'works') throw new Error(support.why);
  const base = await useTemporaryDirectory('cell');
  chownSync(base, STRANGER, STRANGER);
  const all = { ...resolveSandbox('auto').gates.limits, nice: 0, ...limits };
  const [program, ...args] = [
    ...AS_STRANGER,
    process.execPath,
    FIXTURE,
    support.program,
    base,
    JSON.stringify(all),
    script,
  ];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  const reader = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await once(reader, 'line');
  const result = ended.then(() => JSON.parse(lines.at(-1) ?? '') as Awaited<StrangersCell['result']>);
  return { line: lines[0] ?? '', end: () => child.stdin.write('end\n'), result };
}

test('what is written to an outbox counts for the limit of the disk', async (context) => {
  const sandbox = sandboxOf('bubblewrap', context);
  const outbox = await useTemporaryDirectory('outbox');
  if (sandbox.owner !== null) give(outbox, sandbox.owner);
  const script = `head -c 4194304 /dev/zero > ${outbox}/big; read -r end`;
  const also = { writable: [outbox], counted: [outbox] };
  const { result } = await start(sandbox, script, { diskBytes: MEBIBYTE }, { holdInput: true }, also);
  expect((await result).breach).toBe('used more than 1.0 MiB of the disk, its limit (sandbox.gates.limits.disk)');
});

test('no memory that nothing counts: shared memory is on the disk, the rest of /dev cannot be written to', async (context) => {
  const sandbox = sandboxOf('bubblewrap', context);
  const script = `echo one > /dev/null && echo one > /dev/shm/file && stat -f -c %T /dev/shm /tmp | uniq | wc -l
    (echo two > /dev/file) 2> /dev/null || echo refused`;
  const { stdout } = await (await start(sandbox, script, {})).result;
  expect(stdout.toString('utf8')).toBe('1\nrefused\n');
});

describe('in a cell of bubblewrap that another user made, for whom no cgroup can be made', () => {
  test('who forks without end stops at the limit; other cells of that user go on', async (context) => {
    sandboxOf('bubblewrap', context);
    const why = whyNoStranger();
    if (why !== null) context.skip(why);
    const first = await startAsStranger(FORKS, { processes: LIMIT });
    expect(Number(/^full (\d+)$/.exec(first.line)?.[1])).toBeGreaterThan(LIMIT / 2);
    expect(Number(/^full (\d+)$/.exec(first.line)?.[1])).toBeLessThan(LIMIT);
    const second = await startAsStranger(manyForks(20), { processes: LIMIT });
    expect(second.line).toBe('well');
    expect(await second.result).toEqual({ kind: 'exited', breach: null, survivors: [] });
    first.end();
    expect(await first.result).toMatchObject({ kind: 'exited', survivors: [] });
  });

  test('who takes more memory than its limit is ended', async (context) => {
    sandboxOf('bubblewrap', context);
    const why = whyNoStranger();
    if (why !== null) context.skip(why);
    const { result } = await startAsStranger(`echo begun; ${HOG}`, { memoryBytes: 200 * MEBIBYTE });
    expect(await result).toEqual({
      kind: 'signalled',
      breach: 'used more than 200 MiB of memory, its limit (sandbox.gates.limits.memory)',
      survivors: [],
    });
  });
});
