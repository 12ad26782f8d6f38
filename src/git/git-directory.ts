import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf } from '../process/errno.ts';
import { syncDirectory, writeFileDurably } from '../process/file.ts';
import type { ObjectFormat } from './blob.ts';
import { mkdir, writeFile } from '../process/file-system.ts';

/** Built-in attributes off: a tree is written out, and read back, as the bytes of its blobs. */
export const BLOB_BYTES = '* -text -eol -ident -working-tree-encoding -filter\n';

export interface GitDirectoryOptions {
  readonly format?: ObjectFormat;
  /** Absolute path of an object directory to read from. */
  readonly alternate?: string;
  /** Content of `info/attributes`. */
  readonly attributes?: string;
  /** Content of `info/exclude`. */
  readonly excludes?: string;
  /** Branch that HEAD names, and the commit that it stands on. */
  readonly branch?: { readonly name: string; readonly commit: string };
  readonly bare?: boolean;
  /** Further lines of its configuration. */
  readonly config?: readonly string[];
  readonly identity?: { readonly name: string; readonly email: string };
  /** It must survive a power cut. */
  readonly durable?: boolean;
}

/**
 * Writes a git directory by hand (gitrepository-layout(5)): a few files, where `git init` or `git clone` would start
 * processes and read templates. Nothing but what is said here gets into its configuration.
 */
export async function createGitDirectory(path: string, options: GitDirectoryOptions): Promise<void> {
  const { branch } = options;
  const branchPath = branch === undefined ? null : join(path, 'refs/heads', branch.name);
  await mkdir(join(path, 'objects/info'), { recursive: true });
  await mkdir(join(path, 'info'), { recursive: true });
  await mkdir(branchPath === null ? join(path, 'refs/heads') : join(branchPath, '..'), { recursive: true });
  const files = filesOf(options);
  const write = options.durable === true ? writeFileDurably : writeFile;
  await Promise.all(files.map(([name, text]) => write(join(path, name), text)));
  if (branch !== undefined && branchPath !== null) await write(branchPath, `${branch.commit}\n`);
  if (options.durable === true) await syncDirectory(path);
}

/** What git must find in it, besides directories. */
function filesOf(options: GitDirectoryOptions): [name: string, text: string][] {
  const files: [string, string][] = [
    ['HEAD', `ref: refs/heads/${options.branch?.name ?? 'none'}\n`],
    ['config', renderConfig(options)],
    ['info/exclude', options.excludes ?? ''],
    ['info/attributes', options.attributes ?? ''],
  ];
  if (options.alternate !== undefined) files.push(['objects/info/alternates', `${options.alternate}\n`]);
  return files;
}

/**
 * Which of its own files a git directory of ours lacks, or has with another content: a power cut may have emptied them,
 * and an older Yardmaster wrote other settings.
 */
function differencesOf(path: string, options: GitDirectoryOptions): string[] {
  const wrong = filesOf(options).filter(([name, text]) => readText(join(path, name)) !== text);
  return wrong.map(([name]) => name);
}

/** Writes anew what {@link differencesOf} finds. Objects and refs are left alone. */
export async function mendGitDirectory(path: string, options: GitDirectoryOptions): Promise<string[]> {
  const wrong = differencesOf(path, options);
  if (wrong.length === 0) return wrong;
  for (const directory of ['objects/info', 'info', 'refs/heads'])
    await mkdir(join(path, directory), { recursive: true });
  for (const [name, text] of filesOf(options)) if (wrong.includes(name)) await writeFileDurably(join(path, name), text);
  return wrong;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function renderConfig(options: GitDirectoryOptions): string {
  const sha256 = options.format === 'sha256';
  const lines = [
    '[core]',
    `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
    '\tfilemode = true',
    `\tbare = ${options.bare === true}`,
  ];
  if (sha256) lines.push('[extensions]', '\tobjectFormat = sha256');
  if (options.identity !== undefined) {
    lines.push('[user]', `\tname = ${quote(options.identity.name)}`, `\temail = ${quote(options.identity.email)}`);
  }
  lines.push('[gc]', '\tauto = 0', '[maintenance]', '\tauto = false', ...(options.config ?? []), '');
  return lines.join('\n');
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[\n\r\0]/g, ' ')}"`;
}
