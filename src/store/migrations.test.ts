import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { spec } from '../../test/conformance/store-yard.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { DEFAULT_RETRY_POLICY, NO_COUNTERS } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { migrate, MIGRATIONS } from './migrations.ts';
import { openReader } from './sqlite-reader.ts';
import { readNumber, STORE_VERSION } from './sqlite-connection.ts';
import { openStore } from './sqlite-store.ts';

const RUNNING = { status: 'running', attempt: 2, entry: { phase: 'implementing' } };
const SPAWN = { kind: 'spawn', taskId: 'T-1', attempt: 2, token: 2 };

/** A store as version 1 left it: a running task, its first attempt, and the intent of its second. */
async function oldStore(): Promise<string> {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  db.exec(`pragma journal_mode = wal; begin; ${MIGRATIONS[0]}; pragma user_version = 1; commit`);
  db.prepare(`insert into tasks values ('T-1', 't-1', 'One', null, 0, '[]', '[]', null, null, 1, 'a.md', 'hash',
    'running', ?, ?, 2, 10, 20, 3)`).run(JSON.stringify(RUNNING), JSON.stringify({ ...NO_COUNTERS, retries: 1 }));
  db.prepare(`insert into specs values ('T-1', ?)`).run(JSON.stringify(spec('T-1')));
  const attempt = db.prepare(`insert into attempts values ('T-1', ?, ?, ?, ?, 'mock', 'b', 'h', 11, ?, 12, 'busy')`);
  attempt.run(1, 1, 'finished', JSON.stringify({ kind: 'no-change' }), 13);
  attempt.run(2, 2, 'gating', null, null);
  db.exec(`insert into leases values ('task:T-1', 2, 1, 'boot', 7, 'start', 1e12)`);
  const intent = db.prepare(
    `insert into intents (kind, task_id, attempt, body, opened_ms, closed_ms) values ('spawn', 'T-1', ?, ?, 1, ?)`,
  );
  intent.run(1, JSON.stringify({ ...SPAWN, attempt: 1, token: 1 }), 2);
  intent.run(2, JSON.stringify(SPAWN), null);
  db.exec(`insert into events (at_ms, task_id, attempt, type, data) values (5, 'T-1', 2, 'task.leased', '{}')`);
  db.close();
  return path;
}

test('case 15: a store of version 1 keeps all that it held, and takes what is new', async () => {
  const path = await oldStore();
  expect(() => openReader(path)).toThrow(expect.objectContaining({ code: 'store-older' }));
  const store = await openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });
  onTestFinished(() => store.close());
  expect(await store.task('T-1')).toMatchObject({ spec: spec('T-1'), state: RUNNING, attempts: 2, createdMs: 10 });
  expect(await store.attempts('T-1')).toMatchObject([
    { attempt: 1, outcome: { kind: 'no-change' }, signature: null, base: 'b', finishedMs: 13 },
    { attempt: 2, outcome: null, signature: null, activity: 'busy' },
  ]);
  expect(await store.openIntents()).toEqual([{ id: 2, intent: SPAWN, openedMs: 1 }]);
  expect(await store.events({})).toMatchObject([{ type: 'task.leased' }]);
  // The attempt that ran over the update ends as any other, and numbers of intents go on where they were.
  const [kill] = await store.interrupt('ada', 'enough');
  expect(kill).toMatchObject({ id: 3, intent: { kind: 'kill' } });
  await store.closeKill(3);
  expect((await store.task('T-1'))?.state).toMatchObject({ status: 'ready' });
  expect(await store.openIntents()).toEqual([]);
});

test('case 15: each migration is one transaction: one that fails leaves the store as it was', async () => {
  const path = await oldStore();
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  onTestFinished(() => db.close());
  // In the way of its last statement.
  db.exec('create table intents_2 (x)');
  const schema = (): unknown => db.prepare('select sql from sqlite_schema order by name').all();
  const before = schema();
  expect(() => migrate(db)).toThrow('intents_2');
  expect(schema()).toEqual(before);
  expect(readNumber(db, 'pragma user_version')).toBe(1);
  db.exec('drop table intents_2');
  migrate(db);
  expect(readNumber(db, 'pragma user_version')).toBe(STORE_VERSION);
  expect(db.prepare('pragma foreign_key_check').all()).toEqual([]);
  expect(db.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});
