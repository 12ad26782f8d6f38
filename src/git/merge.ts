import { join } from 'node:path';

import { toText } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { inDepot, readBlobs } from './depot.ts';
import type { Depot } from './depot.ts';
import type { Signature } from './fast-import.ts';
import { createGitDirectory } from './git-directory.ts';
import { git, GitError, gitLine } from './git.ts';
import { MODE_LINK } from './index-file.ts';
import { listNamed } from './tree.ts';
import { mkdir, rm, writeFile } from '../process/file-system.ts';
import { makeTemporary } from '../process/temporary.ts';

export type MergeResult =
  | { readonly kind: 'clean'; readonly tree: string }
  | {
      readonly kind: 'conflict';
      /** Holds conflict markers: to be shown to the task's agent, never to be landed. */
      readonly tree: string;
      readonly paths: readonly string[];
      readonly messages: readonly string[];
    };

/**
 * Merges in memory, in a private git directory over the depot's objects. Of the attributes in the trees only git's
 * built-in merge attributes count, and only as the base tree has them: a task cannot choose how it is merged, and no
 * driver ever runs.
 */
export class Merger {
  readonly #depot: Depot;
  readonly #directory: string;
  #attributes = '';

  private constructor(depot: Depot, directory: string) {
    this.#depot = depot;
    this.#directory = directory;
  }

  static async create(depot: Depot, temporary: string): Promise<Merger> {
    await mkdir(temporary, { recursive: true });
    const directory = await makeTemporary(join(temporary, 'merge-'));
    await createGitDirectory(directory, { format: depot.format, bare: true });
    return new Merger(depot, directory);
  }

  async dispose(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Takes the merge attributes of this tree for the merges that follow. */
  async useAttributesOf(tree: string): Promise<void> {
    const attributes = await mergeAttributes(this.#depot, tree);
    if (attributes === this.#attributes) return;
    await writeFile(join(this.#directory, 'info/attributes'), attributes, 'latin1');
    this.#attributes = attributes;
  }

  /** Merges two commits; both must exist in the depot. */
  async merge(ours: string, theirs: string): Promise<MergeResult> {
    const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--messages', ours, theirs];
    const { code, stdout, stderr } = await git(args, {
      gitDir: this.#directory,
      objectDirectory: join(this.#depot.path, 'objects'),
      answers: [0, 1],
    });
    const fields = stdout.toString('latin1').split('\0');
    const tree = fields[0] ?? '';
    // It exits with 1 for a conflict and for an unknown revision alike; only a conflict prints a tree.
    if (!/^[0-9a-f]{40,64}$/.test(tree)) throw new GitError(args, code, stderr);
    if (code === 0) return { kind: 'clean', tree };
    const end = fields.indexOf('', 1);
    const paths = [...new Set(fields.slice(1, end))].map(toText);
    return { kind: 'conflict', tree, paths, messages: parseMessages(fields.slice(end + 1)) };
  }
}

/** `<count> <path>… <type> <message>`, NUL-separated, see git-merge-tree(1). */
function parseMessages(fields: readonly string[]): string[] {
  const messages: string[] = [];
  for (let at = 0; at < fields.length;) {
    const count = Number(fields[at]);
    if (fields[at] === '' || !Number.isInteger(count)) break;
    const message = fields[at + count + 2];
    if (message?.startsWith('CONFLICT')) messages.push(toText(message.trim()));
    at += count + 3;
  }
  return messages;
}

/** What may be said of merging without naming a program. */
const BUILT_IN = /^(?:merge=(?:union|binary|text)|[-!]?merge|binary)$/;

/** The lines of all `.gitattributes` of a tree that say how to merge, with their directories put in front. */
async function mergeAttributes(depot: Depot, tree: string): Promise<string> {
  const entries = await listNamed(inDepot(depot), tree, '.gitattributes');
  const found = entries
    .filter(({ mode }) => mode !== MODE_LINK)
    .map(({ path, oid }) => ({ directory: path.slice(0, -'.gitattributes'.length), oid }));
  // The file nearest to a path decides, and in one file the last line.
  found.sort((a, b) => depth(a.directory) - depth(b.directory));
  const blobs = await readBlobs(
    depot,
    found.map(({ oid }) => oid),
  );
  return found.map(({ directory }, index) => mergeLines(directory, blobs[index]?.toString('latin1') ?? '')).join('');
}

function depth(directory: string): number {
  return directory.split('/').length;
}

function mergeLines(directory: BytePath, text: string): string {
  let lines = '';
  for (const line of text.replace(/^\xef\xbb\xbf/, '').split('\n')) {
    const [pattern, ...attributes] = line.split(/[ \t\r]+/).filter((word) => word !== '');
    // A driver is a program: what it would merge is merged as text, whatever an earlier line said.
    const kept = attributes
      .map((attribute) => (attribute.startsWith('merge=') && !BUILT_IN.test(attribute) ? 'merge=text' : attribute))
      .filter((attribute) => BUILT_IN.test(attribute));
    // Comments, exclusions, quoted patterns and macros (`[attr]`): without them two changes at most conflict.
    if (pattern === undefined || kept.length === 0 || /^(?:[#!"]|\[attr\])/.test(pattern)) continue;
    lines += `${placePattern(directory, pattern)} ${kept.join(' ')}\n`;
  }
  return lines;
}

/** A pattern of `a/.gitattributes`, as it reads in one file for the whole repository. */
function placePattern(directory: BytePath, pattern: string): string {
  if (directory === '') return pattern;
  const literal = directory.replace(/[\\*?[]/g, '\\$&');
  const anchored = pattern.startsWith('/') ? pattern.slice(1) : pattern;
  const placed = pattern.includes('/') ? `/${literal}${anchored}` : `/${literal}**/${anchored}`;
  // The name of a directory may hold anything; in quotes a pattern may too.
  return `"${placed.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

export interface MergeCommit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: Signature;
  readonly atMs: number;
}

/** Writes a commit for a tree that is in the depot already. */
export async function writeCommit(depot: Depot, commit: MergeCommit): Promise<string> {
  // Without `@`, small numbers are no dates to git.
  const date = `@${Math.floor(commit.atMs / 1000)} +0000`;
  return gitLine(['commit-tree', ...commit.parents.flatMap((parent) => ['-p', parent]), commit.tree], {
    ...inDepot(depot),
    input: commit.message.replaceAll('\0', ''),
    env: {
      GIT_AUTHOR_NAME: commit.author.name,
      GIT_AUTHOR_EMAIL: commit.author.email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: commit.author.name,
      GIT_COMMITTER_EMAIL: commit.author.email,
      GIT_COMMITTER_DATE: date,
    },
  });
}
