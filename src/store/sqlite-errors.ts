import { UserError } from '../core/user-error.ts';
import { errnoOf } from '../process/errno.ts';

// SQLite's primary result codes; the upper bits of `errcode` only tell more.
const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** Where the system said it before SQLite could. */
const SYSTEM_CODES: Readonly<Record<string, number>> = { ENOSPC: FULL, EDQUOT: FULL, EIO: IOERR };

/** Another process writes, or recovers the log. The only error that is worth a retry. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/**
 * What an error of SQLite's means to a person: `store-full`, `store-io`, `store-busy`, `store-unreadable` or
 * `state-not-writable`. Everything else is returned as it is.
 */
export function storeError(error: unknown, path: string): Error {
  switch (resultCode(error) ?? SYSTEM_CODES[errnoOf(error) ?? '']) {
    case FULL:
      return new UserError({
        code: 'store-full',
        message: `there is no room to write the store ${path}`,
        hint: 'make room on that file system, then run the command again; nothing half-done was written',
        exitCode: 1,
        cause: error,
      });
    case IOERR:
      return new UserError({
        code: 'store-io',
        message: `the file system failed to read or write the store ${path}: ${textOf(error)}`,
        hint: 'look at the disk and its file system (quota, file size limit, kernel log) before going on',
        exitCode: 1,
        cause: error,
      });
    case BUSY:
      return new UserError({
        code: 'store-busy',
        message: `another process has kept the store ${path} locked for too long`,
        hint: `find it with: fuser ${path}`,
        exitCode: 1,
        cause: error,
      });
    case READONLY:
      return notWritable(path, textOf(error), error);
    case CORRUPT:
    case CANTOPEN:
    case NOTADB:
      return unreadable(path, textOf(error), error);
    default:
      return error instanceof Error ? error : new Error(`the store ${path} failed`, { cause: error });
  }
}

/** The file that stands where the store should be is none. It is never overwritten. */
export function unreadable(path: string, why: string, cause?: unknown): UserError {
  return new UserError({
    code: 'store-unreadable',
    message: `the store ${path} cannot be read: ${why}`,
    hint:
      'look at its permissions, or restore it from a copy; moved out of the way (with its -wal and -shm), ' +
      'the next run starts a new one from the task files',
    exitCode: 1,
    cause,
  });
}

/** Nothing can be created or written in the directory of the store. */
export function notWritable(path: string, why: string, cause?: unknown): UserError {
  return new UserError({
    code: 'state-not-writable',
    message: `the state in ${path} cannot be written: ${why}`,
    hint: 'make it writable for this user, or name another state directory in YARD_STATE_DIR',
    cause,
  });
}

function resultCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff
    : null;
}

/** Its message. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
