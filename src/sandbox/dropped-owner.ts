import type { Owner } from '../process/owner.ts';

/** `nobody` and `nogroup`. */
const DROPPED: Owner = { uid: 65_534, gid: 65_534 };

/** Whom the processes of cells run as, where root gives up its rights; null: as the yard. */
export function droppedOwner(): Owner | null {
  return process.getuid?.() === 0 ? DROPPED : null;
}
