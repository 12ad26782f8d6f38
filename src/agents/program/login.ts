import { join } from 'node:path';

import { readFileThrough } from '../../process/file.ts';
import type { HomeFile } from './protocol.ts';

/** One file of an account's login. */
export interface LoginFile {
  /** Below the account's home. */
  readonly from: string;
  /** Below `Turn.home`. */
  readonly to: string;
}

/** Far more than a login or the settings of a program have. */
const LOGIN_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Those of the login's files that are there. They are the operator's own, links and all. What cannot be read, or is no
 * file, is no login, which the program then says itself. @param accountHome null: none are to be taken.
 */
export async function readLogin(files: readonly LoginFile[], accountHome: string | null): Promise<HomeFile[]> {
  if (accountHome === null) return [];
  const found: HomeFile[] = [];
  for (const { from, to } of files) {
    const file = await readFileThrough(join(accountHome, from), { maxBytes: LOGIN_BYTES_MAX });
    if (file.kind === 'ok') found.push({ path: to, content: file.data, isLogin: true });
  }
  return found;
}
