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

/** How many changes may be told together with the patch: what comes first must not be cut. */
const TOGETHER_MAX = 1_000;

/** {@link diffRaw} and {@link diffPatch} in one process, where that is possible. `count`: how many changes are expected. */
export async function diffRawAndPatch(
  depot: Depot,
  from: string,
  to: string,
  options: { readonly count: number; readonly maxOutputBytes: number },
): Promise<{ changes: Change[]; patch: Buffer }> {
  const { maxOutputBytes } = options;
  if (options.count > TOGETHER_MAX) {
    const patch = await diffPatch(depot, from, to, { stat: true, maxOutputBytes });
    return { changes: await diffRaw(depot, from, to), patch };
  }
  const form = ['-r', '--raw', '-z', '--stat', '--patch', '--full-index', '--find-renames'];
  const { stdout } = await git(
    ['diff-tree', ...form, '--no-ext-diff', '--no-textconv', '--no-color', '--end-of-options', from, to],
    { ...inDepot(depot), mayCut: true, maxOutputBytes },
  );
  return splitRaw(stdout);
}

/** The raw lines come first; a renamed file is told with two paths. Then, after a NUL or not, what is for people. */
function splitRaw(data: Buffer): { changes: Change[]; patch: Buffer } {
  const changes: Change[] = [];
  let at = 0;
  const field = (): string => {
    const end = data.indexOf(0, at);
    const text = data.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  while (data[at] === COLON) {
    const [oldMode = '0', newMode = '0', , newOid = null, status = ''] = field().slice(1).split(' ');
    const path = field();
    const isGone = status.startsWith('D') || status.startsWith('R');
    if (isGone) changes.push({ path, mode: Number.parseInt(oldMode, 8), oid: null });
    if (status.startsWith('D')) continue;
    changes.push({ path: isGone ? field() : path, mode: Number.parseInt(newMode, 8), oid: newOid });
  }
  const rest = data.subarray(at);
  const nul = rest.indexOf(0);
  return { changes, patch: nul === -1 ? rest : Buffer.concat([rest.subarray(0, nul), rest.subarray(nul + 1)]) };
}

const COLON = 0x3a;

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
