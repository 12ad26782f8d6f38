import { readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { anotherBoot } from './failpoint.ts';
import { readDarwinBootId } from './table-darwin.ts';
import { readRow } from './table.ts';

let cachedBootId: string | null = null;

/** The id of this boot of the machine. */
export function currentBootId(): string {
  cachedBootId ??=
    (process.platform === 'darwin'
      ? readDarwinBootId()
      : readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) + anotherBoot;
  return cachedBootId;
}

/** Who this process is. */
export function ownIdentity(): ProcessIdentity {
  const own = identityOf(process.pid);
  if (own === null) throw new Error(`the process table does not show this process (${process.pid}): is /proc mounted?`);
  return own;
}

/** Who holds this pid now; null when nobody does. A zombie still holds its pid, and is told here. */
export function identityOf(pid: number): ProcessIdentity | null {
  const row = readRow(pid);
  return row === null ? null : { bootId: currentBootId(), pid, startTime: row.startTime };
}

/** Whether exactly this process runs: same boot, same pid, same start, and not a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false;
  const row = readRow(identity.pid);
  return row !== null && row.alive && row.startTime === identity.startTime;
}
