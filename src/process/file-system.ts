import sync from 'node:fs';
import fs from 'node:fs/promises';
import { failpoint } from './failpoint.ts';

/*
 * Every change that Yardmaster makes to files goes through here: the same functions as Node's, with a failpoint before
 * and after. Reading needs none. (Streams of logs are the exception: what they hold is evidence, never state.)
 */

/** Node's own function, unless a fault is asked for: its overloads are kept by the cast. */
function guarded<T extends (...args: never[]) => unknown>(name: string, change: T): T {
  const run = (...args: Parameters<T>): unknown => {
    failpoint(`fs.${name}:before`);
    const result = change(...args);
    failpoint(`fs.${name}:after`);
    return result;
  };
  return run as T;
}

function guardedAsync<T extends (...args: never[]) => Promise<unknown>>(name: string, change: T): T {
  const run = async (...args: Parameters<T>): Promise<unknown> => {
    failpoint(`fs.${name}:before`);
    const result = await change(...args);
    failpoint(`fs.${name}:after`);
    return result;
  };
  return run as T;
}

export const chmodSync = guarded('chmod', sync.chmodSync);
export const lchownSync = guarded('chown', sync.lchownSync);
export const mkdirSync = guarded('mkdir', sync.mkdirSync);
export const renameSync = guarded('rename', sync.renameSync);
export const rmSync = guarded('rm', sync.rmSync);
export const rmdirSync = guarded('rmdir', sync.rmdirSync);
export const unlinkSync = guarded('unlink', sync.unlinkSync);
export const writeFileSync = guarded('write-file', sync.writeFileSync);

export const appendFile = guardedAsync('append-file', fs.appendFile);
export const chmod = guardedAsync('chmod', fs.chmod);
export const copyFile = guardedAsync('copy-file', fs.copyFile);
export const cp = guardedAsync('cp', fs.cp);
export const link = guardedAsync('link', fs.link);
export const mkdir = guardedAsync('mkdir', fs.mkdir);
export const mkdtemp = guardedAsync('mkdtemp', fs.mkdtemp);
export const rename = guardedAsync('rename', fs.rename);
export const rm = guardedAsync('rm', fs.rm);
export const unlink = guardedAsync('unlink', fs.unlink);
export const writeFile = guardedAsync('write-file', fs.writeFile);
