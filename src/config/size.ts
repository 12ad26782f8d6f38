/** The one form of a size: bytes, or with a unit, of 1000 or of 1024. */
export const SIZE = /^([0-9]{1,12})(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Bytes of `2GiB`, `500MB` or `0`; null for anything else, and for what is no exact number any more. */
export function parseSize(text: string): number | null {
  const match = SIZE.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * (UNIT_BYTES[match[2] ?? 'B'] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
