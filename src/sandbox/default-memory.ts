import { totalmem } from 'node:os';

/** Four fifths of the machine's memory, or of that of the cgroup around us, where that has less. */
export function defaultMemoryBytes(): number {
  const bounded = process.constrainedMemory();
  const wholeBytes = bounded > 0 ? Math.min(bounded, totalmem()) : totalmem();
  return Math.floor((wholeBytes * 4) / 5);
}
