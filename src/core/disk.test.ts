import { expect, test } from 'vitest';
import { diskView, formatBytes, LANDING_NEEDS_BYTES } from './disk.ts';

const GIB = 1024 ** 3;
const at = (directory: string, freeBytes: number) => ({ directory, freeBytes });

test('attempts need the reserve, landings a little, wherever they write', () => {
  const roomy = at('/repository', GIB);
  const little = LANDING_NEEDS_BYTES - 1;
  expect(diskView({ state: at('/state', 2 * GIB), repository: roomy }, 2 * GIB)).toEqual({
    starting: null,
    landing: null,
  });
  expect(diskView({ state: at('/state', 2 * GIB - 1), repository: roomy }, 2 * GIB)).toEqual({
    starting: { directory: '/state', freeBytes: 2 * GIB - 1, neededBytes: 2 * GIB },
    landing: null,
  });
  expect(diskView({ state: at('/state', little), repository: roomy }, 2 * GIB)).toMatchObject({
    starting: { directory: '/state' },
    landing: { directory: '/state', neededBytes: LANDING_NEEDS_BYTES },
  });
  expect(diskView({ state: at('/state', 3 * GIB), repository: at('/repository', little) }, 2 * GIB)).toMatchObject({
    starting: null,
    landing: { directory: '/repository' },
  });
});

test('a reserve of nothing holds nothing back', () => {
  const full = { state: at('/state', 0), repository: at('/repository', 0) };
  expect(diskView(full, 0)).toEqual({ starting: null, landing: null });
});

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1.0 KiB'],
  [700 * 1024 ** 2, '700 MiB'],
  [2 * GIB, '2.0 GiB'],
])('%i bytes read as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
