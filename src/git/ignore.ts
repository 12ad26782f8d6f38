import { dirname, join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { fromText, toFileSystem } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { git } from './git.ts';
import { createGitDirectory } from './git-directory.ts';
import type { Untracked } from './walk.ts';
import { mkdir, mkdirSync, rm, writeFileSync } from '../process/file-system.ts';
import { makeTemporary } from '../process/temporary.ts';

/** A `.gitignore` that takes longer than this on one batch of paths is an attack or a mistake. */
const TIMEOUT_MS = 20_000;

/** Rules larger than this are not read. */
export const RULES_BYTES_MAX = 1024 * 1024;

/**
 * Decides what is ignored without letting git near the lane: the rules are copied, as plain files, into a scratch
 * work tree of our own, next to empty directories that stand for those of the lane. (A FIFO named `.gitignore` would
 * hang git, a path behind a link would fail the whole batch.)
 */
export class IgnoreRules {
  readonly #scratch: string;
  readonly #made = new Set<string>();

  private constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** `excludes` is the operator's own `info/exclude` and `core.excludesFile`. */
  static async create(temporary: string, excludes: string): Promise<IgnoreRules> {
    const scratch = await makeTemporary(join(temporary, 'ignore-'));
    await createGitDirectory(join(scratch, 'git'), { excludes });
    await mkdir(join(scratch, 'tree'));
    return new IgnoreRules(scratch);
  }

  async dispose(): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
  }

  /** `path` is that of a `.gitignore`. */
  add(path: BytePath, rules: Buffer): void {
    if (rules.length > RULES_BYTES_MAX) return;
    this.#makeDirectory(dirname(path));
    writeFileSync(this.#inTree(path), rules);
  }

  /** Those of the entries that the rules ignore, by path. Throws GitError when git does not come to an end. */
  async ignored(entries: readonly Untracked[], timeoutMs = TIMEOUT_MS): Promise<Set<BytePath>> {
    if (entries.length === 0) return new Set();
    for (const entry of entries) if (entry.kind === 'directory') this.#makeDirectory(entry.path);
    const { stdout } = await git(['check-ignore', '--no-index', '--stdin', '-z', '--verbose', '--non-matching'], {
      gitDir: join(this.#scratch, 'git'),
      workTree: join(this.#scratch, 'tree'),
      input: Buffer.from(entries.map((entry) => `./${entry.path}\0`).join(''), 'latin1'),
      // 1: nothing is ignored.
      answers: [0, 1],
      timeoutMs,
      durable: false,
    });
    const fields = stdout.toString('latin1').split('\0');
    const ignored = new Set<BytePath>();
    for (let at = 0; at + 3 < fields.length; at += 4) {
      const pattern = fields[at + 2] ?? '';
      if (pattern !== '' && !pattern.startsWith('!')) ignored.add((fields[at + 3] ?? '').slice(2));
    }
    return ignored;
  }

  #makeDirectory(path: BytePath): void {
    if (path === '.' || this.#made.has(path)) return;
    this.#made.add(path);
    try {
      mkdirSync(this.#inTree(path), { recursive: true });
    } catch (error) {
      // A directory of the lane where the base has rules: a `.gitignore` that was replaced by a directory.
      if (errnoOf(error) !== 'EEXIST' && errnoOf(error) !== 'ENOTDIR') throw error;
    }
  }

  #inTree(path: BytePath): string | Buffer {
    return toFileSystem(`${fromText(join(this.#scratch, 'tree'))}/${path}`);
  }
}
