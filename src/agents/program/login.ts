import { join } from 'node:path';
import { readFile } from 'node:fs/promises';

import { errnoOf } from '../../process/errno.ts';
import type { HomeFile } from './protocol.ts';

/** One file of an account's login. */
export interface LoginFile {
  /** Below the account's home. */
  readonly from: string;
  /** Below `Turn.home`. */
  readonly to: string;
}

/**
 * Those of the login's files that are there. They are the operator's own, links and all. What cannot be read is no login,
 * which the program then says itself. @param accountHome null: none are to be taken.
 */
export async function readLogin(files: readonly LoginFile[], accountHome: string | null): Promise<HomeFile[]> {
  if (accountHome === null) return [];
  const found: HomeFile[] = [];
  for (const { from, to } of files) {
    try {
      found.push({ path: to, content: await readFile(join(accountHome, from)), isLogin: true });
    } catch (error) {
      if (errnoOf(error) === null) throw error;
    }
  }
  return found;
}
