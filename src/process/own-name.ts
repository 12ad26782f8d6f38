import { ownIdentity } from './identity.ts';

/*
 * Names of what is half-made: each tells the process that made it, so that what a dead one left can be told from what a
 * living one works at. `isLeftOver` reads them.
 */

let cachedTag: string | null = null;
let count = 0;

/** Of this process: pid, start time, and the beginning of the boot's id. */
export function ownTag(): string {
  if (cachedTag === null) {
    const { pid, startTime, bootId } = ownIdentity();
    cachedTag = `${pid}.${startTime}.${bootId.slice(0, 8)}`;
  }
  return cachedTag;
}

/** A name that no other process gives, and this one only once. `prefix` ends in `-` or `.`. */
export function ownName(prefix: string): string {
  count += 1;
  return `${prefix}${ownTag()}-${count.toString(36).padStart(6, '0')}`;
}
