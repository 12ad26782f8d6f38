/** What is free where something is kept. */
export interface FreeSpace {
  readonly directory: string;
  readonly freeBytes: number;
}

/** Too little room in a directory for what comes next. */
export interface LowSpace extends FreeSpace {
  readonly neededBytes: number;
}

/** What the disk holds back: `starting` attempts, `landing`; null where there is room. */
export interface DiskView {
  readonly starting: LowSpace | null;
  readonly landing: LowSpace | null;
}

export const DISK_ROOMY: DiskView = { starting: null, landing: null };

/** What is kept free unless the configuration says otherwise. */
export const DISK_RESERVE_BYTES = 2 * 1024 ** 3;

/** A landing writes some objects and a ref; below this a half-made one is too likely. */
export const LANDING_NEEDS_BYTES = 32 * 1024 ** 2;

/**
 * Whether there is room to go on. Attempts start only above the reserve, so that what runs can come to its end; a
 * landing needs a little, wherever it writes. A reserve of 0 turns both off.
 */
export function diskView(
  free: { readonly state: FreeSpace; readonly repository: FreeSpace },
  reserveBytes: number,
): DiskView {
  if (reserveBytes === 0) return DISK_ROOMY;
  const landing = low(free.state, LANDING_NEEDS_BYTES) ?? low(free.repository, LANDING_NEEDS_BYTES);
  return { starting: low(free.state, reserveBytes), landing };
}

function low(space: FreeSpace, neededBytes: number): LowSpace | null {
  return space.freeBytes < neededBytes ? { ...space, neededBytes } : null;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `2.0 GiB`, `640 KiB`. */
export function formatBytes(bytes: number): string {
  const step = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[step] ?? ''}`;
}
