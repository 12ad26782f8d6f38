import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { UserError } from '../core/user-error.ts';
import { toText } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';
import { readBlobsIn } from './depot.ts';
import { git } from './git.ts';
import { MODE_EXECUTABLE, MODE_FILE, MODE_GITLINK, MODE_LINK } from './index-file.ts';
import type { Repository } from './repository.ts';
import { configValue } from './repository.ts';
import { isNamed, listTree } from './tree.ts';

/** What Yardmaster can do with a repository as it is. */
export interface Eligibility {
  /** Submodules of the commit: left empty in lanes and gates. */
  readonly submodules: readonly string[];
}

/**
 * Refuses what would go wrong later, in one sentence each. A sparse checkout is fine: lanes are filled from the
 * objects, which are all there.
 *
 * @throws UserError `shallow`, `partial`, `reftable`, `filters`, `hostile-tree`.
 */
export async function checkEligibility(repository: Repository, commit: string): Promise<Eligibility> {
  if (repository.shallow) {
    throw new UserError({
      code: 'shallow',
      message: `${repository.root} is a shallow clone: its history cannot be copied to work on`,
      hint: 'Complete it with: git fetch --unshallow',
    });
  }
  await refusePartial(repository);
  if ((await configValue(repository, 'extensions.refstorage')) === 'reftable') {
    throw new UserError({
      code: 'reftable',
      message: `${repository.root} keeps its refs as a reftable, which is not supported`,
      hint: 'Convert it with: git refs migrate --ref-format=files',
    });
  }
  const { filters, submodules } = await readTree(repository, commit);
  const [filtered] = [...filters, ...localFilters(repository)];
  if (filtered !== undefined) throw filtersError(filtered);
  return { submodules };
}

async function refusePartial(repository: Repository): Promise<void> {
  const promisor = await git(['config', '--get-regexp', '^(remote\\..*\\.promisor|extensions\\.partialclone)$'], {
    gitDir: null,
    cwd: repository.root,
    answers: [0, 1],
  });
  if (promisor.code !== 0) return;
  throw new UserError({
    code: 'partial',
    message: `${repository.root} is a partial clone: objects that are missing here would be fetched from the network`,
    hint: 'Work in a full clone, made without --filter.',
  });
}

interface Filter {
  readonly file: string;
  readonly line: string;
}

async function readTree(repository: Repository, commit: string): Promise<{ filters: Filter[]; submodules: string[] }> {
  const call = { gitDir: repository.commonDirectory };
  const entries = await listTree(call, commit);
  const hostile = entries.find(({ path, mode }) => isHostile(path, mode));
  if (hostile !== undefined) throw hostileTree(toText(hostile.path));
  const submodules = entries.filter(({ mode }) => mode === MODE_GITLINK).map(({ path }) => toText(path));
  const attributes = entries
    .filter(({ path, mode }) => isNamed(path, '.gitattributes') && (mode === MODE_FILE || mode === MODE_EXECUTABLE))
    .map(({ path, oid }) => ({ file: toText(path), oid }));
  const blobs = await readBlobsIn(
    call,
    attributes.map(({ oid }) => oid),
  );
  const filters = attributes.flatMap(({ file }, index) => filterLines(file, blobs[index]?.toString('utf8') ?? ''));
  return { filters, submodules };
}

/** What git itself writes to no working tree: it would lead out of it, or into its git directory. */
function isHostile(path: BytePath, mode: number): boolean {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || /^\.git$/i.test(name))) return true;
  return mode === MODE_LINK && path.toLowerCase() === '.gitmodules';
}

function hostileTree(path: string): UserError {
  return new UserError({
    code: 'hostile-tree',
    message: `the target holds ${JSON.stringify(path)}, which git refuses to write out`,
    hint: 'Somebody made that tree by hand. Look at it (git ls-tree -r), and take the path out of the branch.',
  });
}

function localFilters(repository: Repository): Filter[] {
  const file = join(repository.commonDirectory, 'info/attributes');
  return existsSync(file) ? filterLines(file, readFileSync(file, 'utf8')) : [];
}

function filterLines(file: string, text: string): Filter[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('#') && /\sfilter=/.test(line))
    .map((line) => ({ file, line }));
}

function filtersError({ file, line }: Filter): UserError {
  const lfs = line.includes('filter=lfs');
  return new UserError({
    code: 'filters',
    message: `${file} sends files through a filter (${line}): agents and gates would see the stored form${lfs ? ', Git LFS pointers' : ''}`,
    hint: lfs
      ? 'Git LFS is not supported yet; use a repository without it.'
      : 'Content filters run programs on the host and are not supported.',
    place: { file },
  });
}
