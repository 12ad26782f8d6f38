import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';

import { UserError } from '../core/user-error.ts';
import { syncDirectory, syncFile } from '../process/file.ts';
import { mkdir, rename, rm, writeFile } from '../process/file-system.ts';
import type { Onlooker } from '../process/host.ts';
import { ownName } from '../process/own-name.ts';
import { migrate } from './migrations.ts';
import type { LeaseTable } from './schema.ts';
import { openAnyVersion, openForWriting, readNumber, STORE_VERSION } from './sqlite-connection.ts';
import { whileBusy } from './sqlite-dialect.ts';
import { storeError, unreadable } from './sqlite-errors.ts';
import { toLease } from './sqlite-rows.ts';

// Invariants:
// 1. A store of an older version is changed only after a whole copy of it is on the disk.
// 2. It is not changed under a scheduler that lives: that one is of an older version, and so is what it would start.
// 3. It has its old version and content, or the new one: see `migrate`.

/** What brought a store to this program's version. */
export interface StoreUpgrade {
  readonly from: number;
  readonly to: number;
  /** Path of the copy. */
  readonly backup: string;
}

/** What would have to be done. */
export interface StoreAge {
  readonly from: number;
  readonly to: number;
  /** Pid of a scheduler that works on it; null: none does. */
  readonly heldBy: number | null;
}

/** Null: there is no store, or it needs nothing. Reads only. @throws UserError `store-newer`, `store-unreadable`. */
export function ageOfStore(path: string, host: Onlooker): StoreAge | null {
  const db = openAnyVersion(path);
  if (db === null) return null;
  try {
    const from = readNumber(db, 'pragma user_version');
    return from >= STORE_VERSION ? null : { from, to: STORE_VERSION, heldBy: schedulerOf(db, host) };
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}

/**
 * Brings a store of an older version to this program's, after a copy of it was made. Null: there was nothing to do.
 * @throws UserError `yard-at-work`: a scheduler drives it; `store-unreadable`, `store-full`, `store-io`, `store-busy`.
 */
export async function upgradeStore(path: string, host: Onlooker): Promise<StoreUpgrade | null> {
  const age = ageOfStore(path, host);
  if (age === null) return null;
  if (age.heldBy !== null) throw atWork(age.heldBy);
  const db = openForWriting(path);
  try {
    refuseDamaged(db, path);
    const backup = await copyOf(db, path, age.from, host.clock.nowMs());
    // Another process was faster, and has made a copy of its own.
    if (backup === null) return null;
    await whileBusy(() => migrate(db, () => refuseHeld(db, host)));
    return { from: age.from, to: STORE_VERSION, backup };
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}

/** A scheduler may have started since the copy was begun: none starts while the lock is held. */
function refuseHeld(db: DatabaseSync, host: Onlooker): void {
  const pid = schedulerOf(db, host);
  if (pid !== null && readNumber(db, 'pragma user_version') < STORE_VERSION) throw atWork(pid);
}

/** Beside the store, in `backups`. */
export function backupPath(stateDirectory: string, name: string, nowMs: number, extension: string): string {
  const when = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '');
  return join(stateDirectory, 'backups', `${name}-${when}${extension}`);
}

/** The lease may have expired: a scheduler that hangs may yet wake up. */
function schedulerOf(db: DatabaseSync, host: Onlooker): number | null {
  const row = db.prepare(`select * from leases where resource = 'scheduler' and held = 1`).get();
  if (row === undefined) return null;
  const { owner, bootId } = toLease(row as unknown as LeaseTable);
  return owner !== null && bootId === host.self.bootId && host.isAlive(owner) ? owner.pid : null;
}

function atWork(pid: number): UserError {
  return new UserError({
    code: 'yard-at-work',
    message: `process ${pid} drives this yard with an older yardmaster: its store is not changed under it`,
    hint: 'End it with Ctrl-C in its terminal (attempts that run go on), then: yard migrate',
    exitCode: 1,
  });
}

/** What is damaged is not copied over what may be the last good copy, nor written to. */
function refuseDamaged(db: DatabaseSync, path: string): void {
  const [row = {}] = db.prepare('pragma quick_check(1)').all();
  const [first] = Object.values(row);
  if (first !== 'ok') throw unreadable(path, `it is damaged (${String(first).split('\n')[0] ?? ''})`);
}

/** Path of the copy; null: the store is no longer of an older version. */
async function copyOf(db: DatabaseSync, path: string, version: number, nowMs: number): Promise<string | null> {
  const backup = backupPath(dirname(path), `state-v${version}`, nowMs, '.db');
  const directory = dirname(backup);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const aside = join(directory, ownName('.tmp-'));
  try {
    // SQLite takes an empty file of ours, and so its mode.
    await writeFile(aside, '', { mode: 0o600, flag: 'wx' });
    await whileBusy(() => db.prepare('vacuum into ?').run(aside));
    await syncFile(aside);
    // Then the copy may be of either version.
    if (readNumber(db, 'pragma user_version') >= STORE_VERSION) return null;
    await rename(aside, backup);
  } finally {
    await rm(aside, { force: true });
  }
  await syncDirectory(directory);
  return backup;
}
