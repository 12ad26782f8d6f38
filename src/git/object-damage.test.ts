import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';

import { makeFifo } from '../../test/fixtures/git/special-files.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { blobId } from './blob.ts';
import { loosePath, readForeignObject } from './object-damage.ts';

const CONTENT = Buffer.from('content');
const OID = blobId(CONTENT, 'sha1');
const WHOLE = deflateSync(Buffer.concat([Buffer.from('blob 7\0'), CONTENT]));
/** A few KiB that inflate to far more than is read. */
const BOMB = deflateSync(Buffer.alloc(8 * 1024 * 1024));

async function readPlaced(place: (path: string) => unknown): Promise<unknown> {
  const root = await useTemporaryDirectory();
  const path = loosePath(join(root, 'lane/.git/objects'), OID);
  mkdirSync(dirname(path), { recursive: true });
  place(path);
  return readForeignObject({ root, relative: 'lane/.git/objects', bytesMax: 1024 }, OID, 'sha1');
}

test('an object in an agent’s git directory is taken by its hash', async () => {
  expect(await readPlaced((path) => writeFileSync(path, WHOLE))).toEqual({ type: 'blob', content: CONTENT });
});

test.each<[string, (path: string) => unknown]>([
  ['another object', (path) => writeFileSync(path, deflateSync(Buffer.from('blob 1\0x')))],
  ['no compressed file', (path) => writeFileSync(path, 'x')],
  ['one that inflates without end', (path) => writeFileSync(path, BOMB)],
  ['a FIFO', (path) => makeFifo(path)],
  ['a directory', (path) => mkdirSync(path)],
  ['a huge file', (path) => execFileSync('truncate', ['-s', '3G', path])],
  [
    'a link to the object itself',
    (path) => {
      writeFileSync(`${path}-elsewhere`, WHOLE);
      symlinkSync(`${path}-elsewhere`, path);
    },
  ],
])('%s in its place is none', async (_, place) => {
  expect(await readPlaced(place)).toBeNull();
});
