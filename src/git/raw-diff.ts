import type { BytePath } from './byte-path.ts';
import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';
import type { Change } from './walk.ts';

/** What differs between two trees or commits, by path; renames are a deletion and an addition. */
export async function diffRaw(depot: Depot, from: string, to: string): Promise<Change[]> {
  const { stdout } = await git(
    ['diff-tree', '-r', '--raw', '-z', '--full-index', '--no-renames', '--end-of-options', from, to],
    inDepot(depot),
  );
  return parseRaw(stdout);
}

/** `:oldmode newmode oldoid newoid status NUL path NUL`, see git-diff-tree(1). */
function parseRaw(data: Buffer): Change[] {
  const fields = data.toString('latin1').split('\0');
  const changes: Change[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [oldMode, newMode, , newOid, status] = (fields[at] ?? '').slice(1).split(' ');
    const path: BytePath = fields[at + 1] ?? '';
    const gone = status === 'D';
    changes.push({
      path,
      mode: Number.parseInt((gone ? oldMode : newMode) ?? '0', 8),
      oid: gone ? null : (newOid ?? null),
    });
  }
  return changes;
}

/** The patch between two commits as a person reads it. Runs no driver and converts nothing; cut where it is too long. */
export async function diffPatch(
  depot: Depot,
  from: string,
  to: string,
  options: { readonly stat?: boolean; readonly maxOutputBytes?: number } = {},
): Promise<Buffer> {
  const { stdout } = await git(
    [
      'diff',
      '--no-ext-diff',
      '--no-textconv',
      '--no-color',
      ...(options.stat === true ? ['--stat', '--patch'] : ['--patch']),
      '--find-renames',
      '--end-of-options',
      from,
      to,
    ],
    {
      ...inDepot(depot),
      mayCut: true,
      ...(options.maxOutputBytes === undefined ? {} : { maxOutputBytes: options.maxOutputBytes }),
    },
  );
  return stdout;
}
