import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { makeOldStore } from '../../test/fixtures/store/old-store.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { onlooker } from '../process/onlooker.ts';
import { readNumber, STORE_VERSION } from './sqlite-connection.ts';
import { openStore } from './sqlite-store.ts';
import { ageOfStore, upgradeStore } from './upgrade.ts';

const host = onlooker(systemClock);

async function oldStore(version: 1 | 2): Promise<string> {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  makeOldStore(path, version);
  return path;
}

function inStore<T>(path: string, look: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path);
  try {
    return look(db);
  } finally {
    db.close();
  }
}

const versionOf = (path: string): number => inStore(path, (db) => readNumber(db, 'pragma user_version'));
const backupsOf = (path: string): string[] => readdirSync(dirname(path)).filter((name) => name === 'backups');

test.each([1, 2] as const)(
  'case 15: a store of version %i is copied whole, then brought up to date, once',
  async (version) => {
    const path = await oldStore(version);
    expect(ageOfStore(path, host)).toEqual({ from: version, to: STORE_VERSION, heldBy: null });
    const upgrade = await upgradeStore(path, host);
    expect(upgrade).toMatchObject({ from: version, to: STORE_VERSION });
    const backup = upgrade?.backup ?? '';
    expect(backup).toMatch(new RegExp(`/backups/state-v${version}-[0-9]{8}T[0-9]{9}Z\\.db$`));
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(versionOf(backup)).toBe(version);
    expect(inStore(backup, (db) => db.prepare('select id from tasks').all())).toEqual([{ id: 'T-1' }]);
    expect(versionOf(path)).toBe(STORE_VERSION);
    expect(await upgradeStore(path, host)).toBeNull();
    expect(readdirSync(dirname(backup))).toHaveLength(1);
    const store = await openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });
    onTestFinished(() => store.close());
    expect((await store.task('T-1'))?.attempts).toBe(2);
  },
);

test('the copy is a store that the program takes in its place', async () => {
  const path = await oldStore(1);
  const upgrade = await upgradeStore(path, host);
  expect(await upgradeStore(upgrade?.backup ?? '', host)).toMatchObject({ from: 1, to: STORE_VERSION });
});

test('where there is no store, or an empty one, nothing is made', async () => {
  const path = join(await useTemporaryDirectory('store'), 'state.db');
  expect(await upgradeStore(path, host)).toBeNull();
  expect(readdirSync(dirname(path))).toEqual([]);
});

test('nothing is changed under a scheduler that lives; one that has died is no hindrance', async () => {
  const path = await oldStore(2);
  const { bootId, pid, startTime } = host.self;
  const hold = (start: string): void =>
    inStore(path, (db) => {
      db.prepare(`insert or replace into leases values ('scheduler', 1, 1, ?, ?, ?, 0)`).run(bootId, pid, start);
    });
  hold(startTime);
  expect(ageOfStore(path, host)?.heldBy).toBe(pid);
  await expect(upgradeStore(path, host)).rejects.toMatchObject({
    code: 'yard-at-work',
    message: expect.stringContaining(`process ${pid} `),
  });
  expect(versionOf(path)).toBe(2);
  expect(backupsOf(path)).toEqual([]);
  hold('another start');
  expect(await upgradeStore(path, host)).toMatchObject({ from: 2 });
});

test('of several that do it at once, each finds it done; every copy is of the older version', async () => {
  const path = await oldStore(1);
  const upgrades = await Promise.all([1, 2, 3].map(() => upgradeStore(path, host)));
  expect(upgrades.some((upgrade) => upgrade !== null)).toBe(true);
  expect(versionOf(path)).toBe(STORE_VERSION);
  const directory = join(dirname(path), 'backups');
  for (const name of readdirSync(directory)) expect([name, versionOf(join(directory, name))]).toEqual([name, 1]);
});

test('a step that fails leaves the store as it was, and its copy', async () => {
  const path = await oldStore(1);
  inStore(path, (db) => db.exec('create table cursors (x)'));
  await expect(upgradeStore(path, host)).rejects.toThrow('cursors');
  expect(versionOf(path)).toBe(1);
  expect(readdirSync(join(dirname(path), 'backups'))).toHaveLength(1);
  inStore(path, (db) => db.exec('drop table cursors'));
  expect(await upgradeStore(path, host)).toMatchObject({ from: 1 });
});

test('a damaged store is neither copied nor written to', async () => {
  const path = await oldStore(2);
  const file = openSync(path, 'r+');
  for (let at = 8192; at < statSync(path).size; at += 4096) writeSync(file, Buffer.alloc(64, 0xff), 0, 64, at);
  closeSync(file);
  await expect(upgradeStore(path, host)).rejects.toMatchObject({ code: 'store-unreadable' });
  expect(backupsOf(path)).toEqual([]);
});
