import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { readRegularFile } from './blob.ts';

export type LooseRef = { readonly kind: 'commit'; readonly commit: string } | { readonly kind: 'missing' };

const REF_BYTES_MAX = 4096;

/**
 * What stands at a full ref name of a repository of ours, read from git's own files (gitrepository-layout(5)): a process
 * for every look would cost a hundred times the look. git replaces such a file by rename, so it is read whole. Null where
 * git must be asked: the ref may be packed, or what stands there is no commit id in a plain file.
 */
export function readLooseRef(gitDirectory: string, ref: string): LooseRef | null {
  try {
    const read = readRegularFile(join(gitDirectory, ref), REF_BYTES_MAX);
    const text = read.kind === 'ok' ? read.data.toString('latin1') : '';
    return /^(?:[0-9a-f]{40}|[0-9a-f]{64})\n$/.test(text) ? { kind: 'commit', commit: text.trimEnd() } : null;
  } catch (error) {
    const code = errnoOf(error);
    // In this order: git writes the packed file before it removes the loose one.
    if (code === 'ENOENT') return existsSync(join(gitDirectory, 'packed-refs')) ? null : { kind: 'missing' };
    if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'ELOOP') return null;
    throw error;
  }
}
