import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_RETRY_POLICY } from '../../src/core/task-state.ts';
import { systemClock } from '../../src/process/clock.ts';
import { openReader } from '../../src/store/sqlite-reader.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { seededRandom } from '../fixtures/store/seeded-random.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { imported, processIdentity } from './store-yard.ts';

const OPENER = new URL('../fixtures/store/opener.ts', import.meta.url);
const HAMMER = new URL('../fixtures/store/hammer.ts', import.meta.url);
const FILLER = new URL('../fixtures/store/filler.ts', import.meta.url);
const NOBODY = 65_534;
const WORKERS = 4;
const KILLS = 20;
/** Two dozen processes are started one after the other. */
const SLOW_MS = 180_000;

const endless = { ...DEFAULT_RETRY_POLICY, retries: 1e9, lost: 1e9, infrastructure: 1e9 };

/** A child with its lines; it is killed with the test. */
interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly lines: AsyncIterableIterator<string>;
  readonly exited: Promise<unknown>;
}

function start(command: string, args: string[]): Child {
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] } });
  const exited = once(child, 'close');
  child.stderr.pipe(process.stderr);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { process: child, exited, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

const startScript = (script: URL, ...args: string[]) => start(process.execPath, [fileURLToPath(script), ...args]);

async function nextLine({ lines }: Child): Promise<string> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('it ended');
  return value;
}

async function openWith(child: Child, path: string): Promise<{ code: string; message?: string }> {
  child.process.stdin.write(`${path}\n`);
  return JSON.parse(await nextLine(child)) as { code: string; message?: string };
}

async function openEndless(path: string): Promise<Store> {
  const store = await openStore(path, { clock: systemClock, policy: () => endless });
  onTestFinished(() => store.close());
  return store;
}

function integrity(path: string): unknown {
  const db = new DatabaseSync(path);
  try {
    return [db.prepare('pragma integrity_check').all(), db.prepare('pragma foreign_key_check').all()].flat();
  } finally {
    db.close();
  }
}

test('processes that make the store at the same moment all get the one', async () => {
  const path = join(await useTemporaryDirectory('store'), 'new', 'state.db');
  const children = Array.from({ length: 6 }, () => startScript(OPENER));
  await Promise.all(children.map(nextLine));
  const results = await Promise.all(children.map((child) => openWith(child, path)));
  expect(results).toEqual(results.map(() => ({ code: 'opened' })));
  const store = await openEndless(path);
  expect(await store.events({})).toHaveLength(children.length);
});

test.skipIf(process.getuid?.() !== 0)(
  'what this user may not write is told (needs root, to become another)',
  async () => {
    const directory = await useTemporaryDirectory('store');
    await chmod(directory, 0o755);
    const closed = join(directory, 'closed.db');
    await openEndless(closed);
    const child = startScript(OPENER, String(NOBODY));
    await nextLine(child);
    expect(await openWith(child, join(directory, 'none.db'))).toMatchObject({ code: 'state-not-writable' });
    expect(await openWith(child, join(directory, 'none', 'state.db'))).toMatchObject({ code: 'state-not-writable' });
    await chmod(directory, 0o777);
    const refused = await openWith(child, closed);
    expect(refused).toMatchObject({ code: 'store-unreadable' });
    expect(refused.message).toContain(closed);
    await chmod(closed, 0o444);
    expect(await openWith(child, closed)).toMatchObject({ code: 'store-unreadable' });
    const sealed = join(directory, 'sealed');
    await mkdir(sealed, { mode: 0o700 });
    expect((await openWith(child, join(sealed, 'state.db'))).code).toBe('state-not-writable');
  },
);

test('a file that may grow no further is told, and loses nothing that was acknowledged', async () => {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  await openEndless(path);
  // In blocks of 512 or 1,024 bytes, as the shell has it.
  const script = 'ulimit -f 1000 && exec "$0" "$@"';
  const child = start('sh', ['-c', script, process.execPath, fileURLToPath(FILLER), path]);
  const lines = await Array.fromAsync(child.lines);
  await child.exited;
  expect(lines.at(-1)).toBe('store-io');
  expect(integrity(path)).toEqual([{ integrity_check: 'ok' }]);
  const written = lines.filter((line) => line === 'written').length;
  expect(written).toBeGreaterThan(0);
  const store = await openEndless(path);
  const indexes = (await store.events({})).map(({ data }) => (data as { index: number }).index);
  expect(indexes.slice(0, written)).toEqual([...Array(written).keys()]);
});

test('a reader sees all that a killed writer had written, with no writer alive', async () => {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  const child = startScript(FILLER, path);
  for (const expected of ['opened', 'written', 'written']) expect(await nextLine(child)).toBe(expected);
  child.process.kill('SIGKILL');
  await child.exited;
  expect((await stat(`${path}-wal`)).size).toBeGreaterThan(0);
  const reader = openReader(path);
  expect((await reader?.events({ limit: 2 }))?.map(({ type }) => type)).toEqual(['filling', 'filling']);
  await reader?.close();
});

test(
  'case 7: workers that are killed at any moment lose nothing and spoil nothing',
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const path = join(await useTemporaryDirectory('store'), 'state.db');
    const store = await openEndless(path);
    await store.importTasks(Array.from({ length: 30 }, (_, index) => imported(`T-${index}`)));
    const taken = await store.acquire('scheduler', processIdentity(1), 1e15, () => false);
    if (taken.kind === 'held') throw new Error('held');
    const scheduler = taken.fence;
    const done: string[] = [];
    let kills = 0;
    let started = 0;

    /** One worker after the other: each is killed once it has said so many lines, until there were kills enough. */
    async function keepKilling(): Promise<void> {
      while (kills < KILLS) {
        const label = `worker-${(started += 1)}`;
        const child = startScript(HAMMER, path, String(scheduler.token), label, String(Math.floor(random() * 2 ** 32)));
        let linesLeft = 1 + Math.floor(random() * 60);
        for await (const line of child.lines) {
          if (line.startsWith('done ')) done.push(line);
          linesLeft -= 1;
          if (linesLeft === 0) {
            kills += 1;
            child.process.kill('SIGKILL');
          }
        }
        await child.exited;
        expect(child.process.signalCode).toBe('SIGKILL');
        await recover(store, label);
      }
    }

    async function recover(from: Store, label: string): Promise<void> {
      const running = await from.runningAttempts();
      for (const lease of (await from.leases()).filter(({ bootId }) => bootId === label)) {
        const attempt = running.find(
          ({ taskId, token }) => lease.resource === `task:${taskId}` && lease.token === token,
        );
        if (attempt === undefined) throw new Error(`nothing runs under ${lease.resource}`);
        await from.lose(scheduler, lease, attempt.taskId, attempt.attempt, { kind: 'lost', why: 'killed' });
      }
    }

    await Promise.all(Array.from({ length: WORKERS }, keepKilling));
    expect(done.length).toBeGreaterThan(0);
    await expectConsistent(store, done);
    await store.close();
    expect(integrity(path)).toEqual([{ integrity_check: 'ok' }]);
  },
  SLOW_MS,
);

/** Rows and events tell the same story, and it holds everything that was acknowledged. */
async function expectConsistent(store: Store, done: readonly string[]): Promise<void> {
  const said = new Set<string>();
  for (const { id, attempts: count, state } of await store.rows()) {
    const attempts = await store.attempts(id);
    expect(attempts.map(({ attempt }) => attempt)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    const tokens = attempts.map(({ token }) => token);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((a, b) => a - b));
    expect(attempts.filter(({ phase }) => phase !== 'finished')).toEqual([]);
    for (const { attempt, token, outcome } of attempts) said.add(`done ${id} ${attempt} ${token} ${outcome?.kind}`);

    const events = await store.events({ taskId: id });
    const finished = events.filter(({ type }) => type === 'attempt.finished').map(({ attempt }) => attempt);
    expect(finished).toEqual(attempts.map(({ attempt }) => attempt));
    const steps = events.filter(({ type }) => type !== 'task.added' && type.startsWith('task.'));
    let status = 'ready';
    for (const { data } of steps) {
      const { from, to } = data as { from: string; to: string };
      expect(from).toBe(status);
      status = to;
    }
    expect(status).toBe(state.status);
  }
  expect(done.filter((line) => !said.has(line))).toEqual([]);
  expect(new Set(done).size).toBe(done.length);
  expect(await store.openIntents()).toEqual([]);
  expect((await store.leases()).map(({ resource }) => resource)).toEqual(['scheduler']);
}

test('a file of another kind is refused and left as it is', async () => {
  const directory = await useTemporaryDirectory('store');
  const text = join(directory, 'text');
  await writeFile(text, 'This is the diary of somebody.\n'.repeat(100));
  await expect(openEndless(text)).rejects.toMatchObject({ code: 'store-unreadable' });
  expect(await readFile(text, 'utf8')).toBe('This is the diary of somebody.\n'.repeat(100));
});
