import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { spec } from '../../test/conformance/store-yard.ts';
import { makeOldStore, RUNNING, SPAWN } from '../../test/fixtures/store/old-store.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { onlooker } from '../process/onlooker.ts';
import { migrate } from './migrations.ts';
import { openReader } from './sqlite-reader.ts';
import { readNumber, STORE_VERSION } from './sqlite-connection.ts';
import { openStore } from './sqlite-store.ts';
import { upgradeStore } from './upgrade.ts';

async function oldStore(version: 1 | 2 = 1): Promise<string> {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  makeOldStore(path, version);
  return path;
}

const open = (path: string) => openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });

test('case 15: a store of version 1 keeps all that it held, and takes what is new', async () => {
  const path = await oldStore();
  expect(() => openReader(path)).toThrow(expect.objectContaining({ code: 'store-older' }));
  await expect(open(path)).rejects.toMatchObject({ code: 'store-older' });
  await upgradeStore(path, onlooker(systemClock));
  const store = await open(path);
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

test('case 15: all migrations are one transaction: one that fails leaves the store as it was', async () => {
  const path = await oldStore();
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  onTestFinished(() => db.close());
  // In the way of the last one of them.
  db.exec('create table cursors (x)');
  const schema = (): unknown => db.prepare('select sql from sqlite_schema order by name').all();
  const before = schema();
  expect(() => migrate(db)).toThrow('cursors');
  expect(schema()).toEqual(before);
  expect(readNumber(db, 'pragma user_version')).toBe(1);
  db.exec('drop table cursors');
  migrate(db);
  expect(readNumber(db, 'pragma user_version')).toBe(STORE_VERSION);
  expect(db.prepare('pragma foreign_key_check').all()).toEqual([]);
  expect(db.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
});
