import { expect, test } from 'vitest';

import { runGit } from '../../test/fixtures/git/repository.ts';
import { useYard } from '../../test/fixtures/git/yard.ts';
import { BlobReader } from './blob-reader.ts';

const MIB = 1024 * 1024;

test('reads what it is asked for, over all batches, also what is larger than one, and twice', async () => {
  const files = {
    small: 'small',
    empty: '',
    large: Buffer.alloc(9 * MIB, 'l'),
    middle: Buffer.alloc(5 * MIB, 'm'),
    other: Buffer.alloc(5 * MIB, 'o'),
    last: 'last',
  };
  const { source, depot } = await useYard(files);
  const entries = Object.entries(files);
  const oids = await Promise.all(entries.map(([name]) => runGit(source.path, ['rev-parse', `HEAD:${name}`])));
  const reader = new BlobReader(depot, [...oids, ...oids]);
  for (const [index, [name, content]] of entries.entries()) {
    expect((await reader.read(oids[index] ?? ''))?.equals(Buffer.from(content)), name).toBe(true);
  }
  expect((await reader.read(oids[0] ?? ''))?.toString()).toBe('small');
});

test('what is missing, or no blob, is null', async () => {
  const { source, depot, base } = await useYard({ file: 'text' });
  const missing = 'e'.repeat(40);
  const file = await runGit(source.path, ['rev-parse', 'HEAD:file']);
  const reader = new BlobReader(depot, [missing, base, file]);
  expect(await reader.read(missing)).toBeNull();
  expect(await reader.read(base)).toBeNull();
  expect((await reader.read(file))?.toString()).toBe('text');
});
