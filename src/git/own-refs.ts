import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { OID_BYTES, readRegularFile } from './blob.ts';
import type { ObjectFormat } from './blob.ts';

/*
 * Reads what the refs of an agent's git directory name, and which files hold its objects. No git runs here, no link is
 * followed, nothing but regular files of bounded size is opened. Whatever is not as plain git leaves it is a doubt.
 */

/** Why an agent's git directory is not to be trusted with anything; it is then kept whole instead. */
export class DoubtfulError extends Error {
  readonly code = 'doubtful';

  constructor(why: string) {
    super(why);
    this.name = 'DoubtfulError';
  }
}

const REF_BYTES_MAX = 4096;
const PACKED_BYTES_MAX = 16 * 1024 * 1024;
const ENTRIES_MAX = 200_000;
const DEPTH_MAX = 40;

/** What only repositories have that hold commits in other ways than those below. */
const BEYOND: readonly string[] = ['commondir', 'gitdir', 'modules', 'reftable', 'shallow', 'worktrees'];

/** Ids that HEAD and the refs name. @throws DoubtfulError */
export function readOwnRefs(gitDirectory: string, format: ObjectFormat): Set<string> {
  checkKind(gitDirectory, 'directory');
  checkKind(join(gitDirectory, 'config'), 'file');
  for (const name of BEYOND) {
    if (lstatSync(join(gitDirectory, name), { throwIfNoEntry: false }) !== undefined) {
      throw new DoubtfulError(`it has ${name}`);
    }
  }
  const tips = new Set<string>();
  const isId = new RegExp(`^[0-9a-f]{${OID_BYTES[format] * 2}}$`);
  const take = (text: string, where: string): void => {
    if (isId.test(text)) tips.add(text);
    // What it points at is a ref itself, or nothing yet.
    else if (!text.startsWith('ref: ')) throw new DoubtfulError(`${where} is no ref`);
  };
  take(readText(join(gitDirectory, 'HEAD'), REF_BYTES_MAX).trim(), 'HEAD');
  for (const path of files(gitDirectory, 'refs')) {
    // Left by a git that was killed: the ref itself still has its old value.
    if (path.endsWith('.lock')) continue;
    take(readText(join(gitDirectory, path), REF_BYTES_MAX).trim(), path);
  }
  if (lstatSync(join(gitDirectory, 'packed-refs'), { throwIfNoEntry: false }) === undefined) return tips;
  for (const line of readText(join(gitDirectory, 'packed-refs'), PACKED_BYTES_MAX).split('\n')) {
    // `# pack-refs with: …`, then `<id> <ref>`, and `^<id>` for what a tag leads to.
    const [id = ''] = line.split(' ');
    if (!/^(?:#|\^|$)/.test(line)) take(id, 'packed-refs');
  }
  return tips;
}

/** Files of the object store that hold objects, relative to the git directory. @throws DoubtfulError */
export function listOwnObjects(gitDirectory: string): string[] {
  return files(gitDirectory, 'objects').filter((path) =>
    /^objects\/(?:[0-9a-f]{2}\/(?:[0-9a-f]{38}|[0-9a-f]{62})|pack\/pack-[0-9a-f]+\.(?:pack|idx|rev))$/.test(path),
  );
}

/** All regular files below a directory; anything else but directories is a doubt. */
function files(gitDirectory: string, top: string): string[] {
  checkKind(join(gitDirectory, top), 'directory');
  const found: string[] = [];
  let seen = 0;
  const visit = (directory: string, depth: number): void => {
    for (const entry of list(join(gitDirectory, directory), directory)) {
      const path = `${directory}/${entry.name}`;
      seen += 1;
      if (seen > ENTRIES_MAX || depth > DEPTH_MAX) throw new DoubtfulError(`${top} has no end`);
      if (entry.isDirectory()) visit(path, depth + 1);
      else if (entry.isFile()) found.push(path);
      else throw new DoubtfulError(`${path} is a link or a special file`);
    }
  };
  visit(top, 0);
  return found;
}

function list(path: string, name: string): ReturnType<typeof readEntries> {
  try {
    return readEntries(path);
  } catch (error) {
    throw doubt(error, name);
  }
}

function readEntries(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

function checkKind(path: string, kind: 'file' | 'directory'): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const isKind = kind === 'file' ? stat?.isFile() : stat?.isDirectory();
  if (isKind !== true) throw new DoubtfulError(`${path} is no ${kind}`);
}

function readText(path: string, bytesMax: number): string {
  try {
    const read = readRegularFile(path, bytesMax);
    if (read.kind === 'ok') return read.data.toString('latin1');
    throw new DoubtfulError(`${path} ${read.why}`);
  } catch (error) {
    throw doubt(error, path);
  }
}

/** What the system refuses, too, is a doubt. */
function doubt(error: unknown, name: string): unknown {
  if (error instanceof DoubtfulError) return error;
  const errno = errnoOf(error);
  return errno === null ? error : new DoubtfulError(`${name} cannot be read (${errno})`);
}
