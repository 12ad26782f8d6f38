import { blobId, readRegularFile } from './blob.ts';
import type { ObjectFormat } from './blob.ts';
import { fromText, isCheckedName, quotePath, toFileSystem } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { git } from './git.ts';
import { createGitDirectory } from './git-directory.ts';
import { MODE_LINK } from './index-file.ts';
import { FILE_BYTES_MAX } from './walk.ts';
import type { Change, Refusal } from './walk.ts';
import { rm } from '../process/file-system.ts';
import { makeTemporary } from '../process/temporary.ts';

export interface CheckPlaces {
  /** Directory that the changed files are read from. */
  readonly root: string;
  readonly format: ObjectFormat;
  /** A directory for scratch files. */
  readonly temporary: string;
}

/**
 * Those of the changed files whose content git refuses wherever it checks what it is given (git-fsck(1)): a
 * `.gitmodules` that runs a command, say. In the depot such a file would look like damage, and once it has landed no
 * server that checks takes the branch any more. Git itself is asked, whose rules grow with its versions, in a git
 * directory that holds nothing else.
 */
export async function refusedContent(changes: readonly Change[], places: CheckPlaces): Promise<Refusal[]> {
  const checked = changes.filter(
    ({ path, mode, oid }) => oid !== null && mode !== MODE_LINK && isCheckedName(nameOf(path)),
  );
  if (checked.length === 0) return [];
  const refusals: Refusal[] = [];
  const files: CheckedFile[] = [];
  for (const { path } of checked) {
    const read = readRegularFile(toFileSystem(`${fromText(places.root)}/${path}`), FILE_BYTES_MAX);
    if (read.kind === 'ok') files.push({ path, data: read.data });
    else refusals.push({ path, why: read.why });
  }
  const broken = await findBroken(files, places);
  for (const { path, data } of files) {
    const rule = broken.get(blobId(data, places.format));
    if (rule !== undefined) refusals.push({ path, why: `is refused by git (${rule})` });
  }
  return refusals;
}

interface CheckedFile {
  readonly path: BytePath;
  readonly data: Buffer;
}

/** Rules that contents break, by their blob ids. */
async function findBroken(files: readonly CheckedFile[], places: CheckPlaces): Promise<Map<string, string>> {
  const broken = new Map<string, string>();
  const scratch = await makeTemporary(`${places.temporary}/content-`);
  try {
    await createGitDirectory(scratch, { format: places.format, bare: true });
    const call = { gitDir: scratch, durable: false };
    await git(['fast-import', '--quiet', '--done', '--date-format=raw'], { ...call, input: render(files) });
    const { stdout, stderr } = await git(['fsck', '--no-dangling', '--no-progress'], {
      ...call,
      answers: FSCK_ANSWERS,
    });
    // What follows the rule quotes the file.
    for (const [, oid = '', rule = ''] of `${stdout.toString('latin1')}\n${stderr}`.matchAll(
      /^error in blob ([0-9a-f]+): ([A-Za-z]+)/gm,
    ))
      broken.set(oid, rule);
    return broken;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Bits that say what it found. */
const FSCK_ANSWERS = Array.from({ length: 64 }, (_, bits) => bits);

function render(files: readonly CheckedFile[]): Buffer {
  const blobs = files.flatMap(({ data }, index) => [
    Buffer.from(`blob\nmark :${index + 1}\ndata ${data.length}\n`),
    data,
    Buffer.from('\n'),
  ]);
  // Each in a directory of its own: only the name counts.
  const paths = files.map(({ path }, index) => `M 100644 :${index + 1} ${quotePath(`${index}/${nameOf(path)}`)}\n`);
  const commit = `commit refs/heads/checked\ncommitter x <x> 0 +0000\ndata 0\n${paths.join('')}done\n`;
  return Buffer.concat([...blobs, Buffer.from(commit, 'latin1')]);
}

function nameOf(path: BytePath): BytePath {
  return path.slice(path.lastIndexOf('/') + 1);
}
