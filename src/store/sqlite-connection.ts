import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { faultOf } from '../core/machine-fault.ts';
import { UserError } from '../core/user-error.ts';
import { notWritable, storeError, textOf, unreadable } from './sqlite-errors.ts';
import { mkdirSync } from '../process/file-system.ts';

// Invariants:
// 1. A file that exists is opened by SQLite alone. A second descriptor of ours, closed, would take away the locks that
//    every other connection of this process holds on the file (POSIX locks belong to the process).
// 2. Nothing is changed in a file that is not a store of ours.

/** In the header of every store: "yard". */
export const APPLICATION_ID = 0x79617264;
/** The version that this program writes; each migration raises it by one. */
export const STORE_VERSION = 4;

/** How long SQLite itself waits for another process. It blocks the event loop, so those who can wait otherwise take less. */
const BUSY_TIMEOUT_MS = 5_000;

const SMALLEST_PAGE_BYTES = 512;

/**
 * Makes the directory and an empty file of mode 0600 where there is none, and opens it. Throws a `UserError`:
 * `state-not-writable`, `store-unreadable`, `store-newer`.
 */
export function openForWriting(path: string): DatabaseSync {
  createFile(path);
  checkAccess(path, constants.R_OK | constants.W_OK);
  return openDatabase(path, false);
}

/** Opens a store that exists for reading only, also while no writer lives; null while there is none. */
export function openForReading(path: string): DatabaseSync | null {
  if (!isThere(path)) return null;
  checkAccess(path, constants.R_OK);
  const db = openDatabase(path, true);
  try {
    const version = readNumber(db, 'pragma user_version');
    if (version === STORE_VERSION) return db;
    db.close();
    if (version === 0) return null;
  } catch (error) {
    db.close();
    throw storeError(error, path);
  }
  throw olderStore(path);
}

/** As `openForReading`, whatever version up to this program's own the store has. */
export function openAnyVersion(path: string): DatabaseSync | null {
  if (!isThere(path)) return null;
  checkAccess(path, constants.R_OK);
  const db = openDatabase(path, true);
  if (readNumber(db, 'pragma user_version') > 0) return db;
  db.close();
  return null;
}

/** It is not changed in passing: a copy is made first (`upgrade.ts`). */
export function olderStore(path: string): UserError {
  return new UserError({
    code: 'store-older',
    message: `the store ${path} was written by an older yardmaster`,
    hint: 'bring it up to date with: yard migrate (yard run does so, too); a copy of it is kept',
    exitCode: 1,
  });
}

/** The first column of the first row. */
export function readNumber(db: DatabaseSync, sql: string): number {
  const [value] = Object.values(db.prepare(sql).get() ?? {});
  if (typeof value !== 'number') throw new Error(`no number: ${sql}`);
  return value;
}

function openDatabase(path: string, readOnly: boolean): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    checkHeader(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw storeError(error, path);
  }
}

function checkHeader(db: DatabaseSync, path: string): void {
  // In this order: both are committed together, by whoever makes the store at this very moment.
  const isEmpty = readNumber(db, 'select count(*) from sqlite_schema') === 0;
  const application = readNumber(db, 'pragma application_id');
  if (application !== APPLICATION_ID && !(isEmpty && application === 0)) {
    throw unreadable(path, 'it is a database of another program');
  }
  const version = readNumber(db, 'pragma user_version');
  if (version <= STORE_VERSION) return;
  throw new UserError({
    code: 'store-newer',
    message: `the store ${path} has version ${version}, and this yardmaster knows versions up to ${STORE_VERSION}`,
    hint: 'update yardmaster',
  });
}

function createFile(path: string): void {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK | constants.X_OK);
    if (!isThere(path)) closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    // Another process has just made it.
    if (code === 'EEXIST' && isThere(path)) return;
    if (faultOf(error) !== null) throw storeError(error, path);
    throw notWritable(directory, textOf(error), error);
  }
}

/** SQLite would say no more than that it could not open the file. */
function checkAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw unreadable(path, textOf(error), error);
  }
}

function isThere(path: string): boolean {
  const stats = status(path);
  if (stats === undefined) return false;
  if (!stats.isFile()) throw unreadable(path, stats.isDirectory() ? 'it is a directory' : 'it is no file');
  // SQLite takes a file of one byte for an empty one.
  if (stats.size > 0 && stats.size < SMALLEST_PAGE_BYTES) throw unreadable(path, 'it is no database');
  // It would take an empty one for new, delete the log beside it, and the yard would begin again from nothing.
  if (stats.size === 0 && hasLived(path)) throw unreadable(path, 'it is empty, and it was not: a yard has worked here');
  return true;
}

/** What only a yard that has a store makes beside it. */
const TRACES = ['lanes', 'attempts', 'train'];

function hasLived(path: string): boolean {
  const log = status(`${path}-wal`);
  return (log?.size ?? 0) > 0 || TRACES.some((name) => existsSync(join(dirname(path), name)));
}

function status(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(path, textOf(error), error);
  }
}
