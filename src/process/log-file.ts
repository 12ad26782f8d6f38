import { constants, openSync } from 'node:fs';

/**
 * Opens a log to append to, private to the operator, and never through a link put in its place. A fresh one must not be
 * there yet (`EEXIST`).
 */
export function openLogFile(path: string, { fresh = false }: { readonly fresh?: boolean } = {}): number {
  const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  return openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY | (fresh ? O_EXCL : 0), 0o600);
}
