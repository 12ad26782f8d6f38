/**
 * What the machine itself has failed with, whatever we were doing. `disk-full`: nothing half-done was left, and it goes
 * on once there is room. `exhausted`: processes, descriptors or memory; it passes. `disk-broken`: nothing about the disk
 * is certain any more, and the process must stop.
 */
export type MachineFault = 'disk-full' | 'disk-broken' | 'exhausted';

const FAULT_OF_CODE: Readonly<Record<string, MachineFault>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  'store-full': 'disk-full',
  EIO: 'disk-broken',
  'store-io': 'disk-broken',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  EAGAIN: 'exhausted',
  ENOMEM: 'exhausted',
};

const SYNCS: ReadonlySet<unknown> = new Set(['fsync', 'fdatasync']);

/** Which fault an error tells of, by its code (of a failed git: by what git was told); null for every other error. */
export function faultOf(error: unknown): MachineFault | null {
  if (!(error instanceof Error)) return null;
  // Whatever a sync failed with, a full disk included: the kernel may have dropped the data, and a second sync succeeds.
  if ('syscall' in error && SYNCS.has(error.syscall)) return 'disk-broken';
  if ('fault' in error) return error.fault as MachineFault | null;
  return 'code' in error && typeof error.code === 'string' ? faultOfCode(error.code) : null;
}

/** As {@link faultOf}, where there is a code only. */
export function faultOfCode(code: string): MachineFault | null {
  return FAULT_OF_CODE[code] ?? null;
}

/** It passes by itself, or once a person has made room: what failed is to be tried again, later. */
export function isPassing(fault: MachineFault | null): fault is 'disk-full' | 'exhausted' {
  return fault === 'disk-full' || fault === 'exhausted';
}
