import type { Stats } from 'node:fs';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { lchownSync, mkdirSync } from './file-system.ts';

/*
 * Where Yardmaster runs as root and what it starts does not, the files that these programs work on belong to another
 * user than the state directory. Invariants:
 * 1. Nothing runs in a tree while its ownership is changed; no link is followed, and no file that has other names is
 *    given away: one of them could be anybody's.
 * 2. A program that writes for another owner has that user's ids and one capability, to pass by permissions; it can give
 *    nothing away, and no process of that user can trace it.
 */

/** Whom files belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Null stands for whoever this process runs as. */
export function isSameOwner(a: Owner | null, b: Owner | null): boolean {
  return a?.uid === b?.uid && a?.gid === b?.gid;
}

/** The program and arguments that run `file` as a user whose files it makes, with our own right to read and write. */
export function writingFor({ uid, gid }: Owner, file: string, args: readonly string[]): [string, readonly string[]] {
  return [
    'setpriv',
    [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      '--inh-caps=-all,+dac_override',
      '--ambient-caps=-all,+dac_override',
      '--bounding-set=-all,+dac_override',
      // Without it access(2) asks by the user alone, and git finds no repository in a directory that is ours.
      '--securebits=+no_setuid_fixup',
      '--',
      file,
      ...args,
    ],
  ];
}

/** Gives one path away, or takes it back (null). A link itself, never what it names. */
export function give(path: string | Buffer, owner: Owner | null): void {
  const { uid, gid } = owner ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  lchownSync(path, uid, gid);
}

/** Gives away a path with all below it. Nothing may run there. */
export function giveTree(path: string | Buffer, owner: Owner): void {
  const stat = lstatSync(path);
  if (!belongsTo(stat, owner) && (stat.isDirectory() || stat.nlink === 1)) give(path, owner);
  if (!stat.isDirectory()) return;
  const root = typeof path === 'string' ? Buffer.from(path) : path;
  for (const name of readdirSync(root, { encoding: 'buffer' })) {
    giveTree(Buffer.concat([root, Buffer.from('/'), name]), owner);
  }
}

/** Gives away a directory with all directories below it, and nothing else. Nothing may run there. */
export function giveDirectories(path: string | Buffer, owner: Owner): void {
  give(path, owner);
  const root = typeof path === 'string' ? Buffer.from(path) : path;
  for (const entry of readdirSync(root, { encoding: 'buffer', withFileTypes: true })) {
    if (entry.isDirectory()) giveDirectories(Buffer.concat([root, Buffer.from('/'), entry.name]), owner);
  }
}

function belongsTo(stat: Stats, { uid, gid }: Owner): boolean {
  return stat.uid === uid && stat.gid === gid;
}

/**
 * Makes the directories of a plain relative path below a root that exists, without a link on the way. They belong to the
 * owner, those too that a process made which was killed before it gave them away. Null: nothing is given.
 */
export function makeDirectories(root: string, path: string, owner: Owner | null): void {
  let at = root;
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    at = join(at, name);
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) mkdirSync(at);
    if (owner !== null && (stat === undefined || !belongsTo(stat, owner))) give(at, owner);
  }
}
