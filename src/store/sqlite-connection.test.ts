import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { expect, onTestFinished, test, vi } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Tables } from './schema.ts';
import { STORE_VERSION, openForWriting, readNumber } from './sqlite-connection.ts';
import { ImmediateSqliteDialect } from './sqlite-dialect.ts';
import { storeError } from './sqlite-errors.ts';
import { openReader } from './sqlite-reader.ts';
import { openStore } from './sqlite-store.ts';

async function open(path: string) {
  const store = await openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });
  onTestFinished(() => store.close());
  return store;
}

async function storeFile(): Promise<string> {
  return join(await useTemporaryDirectory('store'), 'state.db');
}

/** Runs SQL in a file, by a connection of its own. */
function edit(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

test('there is a migration for each version', () => {
  expect(MIGRATIONS).toHaveLength(STORE_VERSION);
});

test('a new store is for its owner alone, and synced at each commit', async () => {
  const path = join(await useTemporaryDirectory('store'), 'a', 'b', 'state.db');
  // The real one, listened to: whether a connection syncs is known to that connection alone.
  const exec = vi.spyOn(DatabaseSync.prototype, 'exec');
  onTestFinished(() => exec.mockRestore());
  await open(path);
  const [writer] = exec.mock.contexts as DatabaseSync[];
  expect(writer?.prepare('pragma synchronous').get()).toEqual({ synchronous: 2 });
  expect(writer?.prepare('pragma foreign_keys').get()).toEqual({ foreign_keys: 1 });
  for (const suffix of ['', '-wal', '-shm']) expect((await stat(path + suffix)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  const db = new DatabaseSync(path);
  onTestFinished(() => db.close());
  expect(db.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
  expect(readNumber(db, 'pragma user_version')).toBe(STORE_VERSION);
});

test('an empty file becomes a store', async () => {
  const path = await storeFile();
  await writeFile(path, '');
  expect(openReader(path)).toBeNull();
  expect(await (await open(path)).events({})).toEqual([]);
});

test('case 15: a newer store is left to a newer program', async () => {
  const path = await storeFile();
  await (await open(path)).close();
  edit(path, `pragma user_version = ${STORE_VERSION + 6}`);
  const newer = { code: 'store-newer', hint: 'update yardmaster' };
  await expect(open(path)).rejects.toMatchObject(newer);
  await expect(open(path)).rejects.toThrow(`${path} has version ${STORE_VERSION + 6}`);
  await expect(open(path)).rejects.toThrow(`up to ${STORE_VERSION}`);
  expect(() => openReader(path)).toThrow(expect.objectContaining(newer));
});

for (const [name, make] of Object.entries({
  'a text': (path: string) => writeFile(path, 'not a database, but somebody wants it\n'.repeat(50)),
  'a short text': (path: string) => writeFile(path, 'x'),
  'a directory': (path: string) => mkdir(path),
  'a database of another program': (path: string) => Promise.resolve(edit(path, 'create table mine (x)')),
  'a database with another application id': (path: string) => Promise.resolve(edit(path, 'pragma application_id = 7')),
})) {
  test(`${name} is no store, and stays what it is`, async () => {
    const path = await storeFile();
    await make(path);
    const isFile = (await stat(path)).isFile();
    const before = isFile ? await readFile(path) : null;
    await expect(open(path)).rejects.toMatchObject({ code: 'store-unreadable', name: 'UserError' });
    await expect(open(path)).rejects.toThrow(path);
    expect(() => openReader(path)).toThrow(expect.objectContaining({ code: 'store-unreadable' }));
    if (isFile) expect(await readFile(path)).toEqual(before);
    expect(await readdir(join(path, '..'))).toEqual(['state.db']);
  });
}

test('a store that was damaged is told, at opening or at the first use', async () => {
  const path = await storeFile();
  const store = await open(path);
  for (let index = 0; index < 200; index += 1) await store.note('n', 'x'.repeat(200));
  await store.close();
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0x5a, 4096));
  const damaged = async () => (await open(path)).events({});
  await expect(damaged()).rejects.toMatchObject({ code: 'store-unreadable' });
});

test('a state directory that cannot be made is told', async () => {
  const path = await storeFile();
  await writeFile(path, 'a file');
  await expect(open(join(path, 'state', 'state.db'))).rejects.toMatchObject({ code: 'state-not-writable' });
});

test('a full disk is told, and leaves nothing half-done', async () => {
  const path = await storeFile();
  await open(path);
  const writer = openForWriting(path);
  const db = new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(writer, (text) => text) });
  onTestFinished(() => db.destroy());
  const pages = readNumber(writer, 'pragma page_count');
  readNumber(writer, `pragma max_page_count = ${pages + 2}`);
  const event = { at_ms: 1, task_id: null, attempt: null, type: 'big' };
  const fill = db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('events')
      .values({ ...event, data: '"small"' })
      .execute();
    await transaction
      .insertInto('events')
      .values({ ...event, data: 'x'.repeat(100_000) })
      .execute();
  });
  const error = storeError(await fill.catch((caught: unknown) => caught), path);
  expect(error).toMatchObject({ code: 'store-full', name: 'UserError' });
  const left = await db.transaction().execute((transaction) => transaction.selectFrom('events').selectAll().execute());
  expect(left).toEqual([]);
});

test('a store that another process keeps locked is waited for', async () => {
  const path = await storeFile();
  const store = await open(path);
  const blocker = new DatabaseSync(path);
  blocker.exec('begin immediate');
  const write = store.note('n', null);
  expect(await store.events({})).toEqual([]);
  blocker.exec('commit');
  blocker.close();
  await write;
  expect(await store.events({})).toHaveLength(1);
});
