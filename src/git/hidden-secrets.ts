import type { Redactor } from '../core/redact.ts';
import { blobId } from './blob.ts';
import type { ObjectFormat } from './blob.ts';
import { inDepot } from './depot.ts';
import type { Depot } from './depot.ts';
import { git } from './git.ts';
import type { Lane } from './lane.ts';
import { readChange } from './snapshot.ts';
import type { Change } from './walk.ts';

/** What is to be committed in place of the files as they are. */
export interface Hidden {
  readonly changes: readonly Change[];
  /** Content by object id, where it differs from the file's. */
  readonly contents: ReadonlyMap<string, Buffer>;
  /** How many files differ. */
  readonly files: number;
}

/** The changes with the values of named secrets replaced, in what files hold and in how they are called. */
export function hideSecrets(
  changes: readonly Change[],
  { lane, redactor, format }: { readonly lane: Lane; readonly redactor: Redactor; readonly format: ObjectFormat },
): Hidden {
  const contents = new Map<string, Buffer>();
  if (!redactor.hasNamed) return { changes, contents, files: 0 };
  let files = 0;
  const hidden = changes.map((change) => {
    const path = redactor.named(change.path);
    const data = change.oid === null ? null : readChange(lane.directory, change);
    const text = data?.toString('latin1') ?? '';
    const redacted = redactor.named(text);
    if (redacted === text && path === change.path) return change;
    if (data === null) return { ...change, path };
    files += 1;
    const content = Buffer.from(redacted, 'latin1');
    const oid = blobId(content, format);
    contents.set(oid, content);
    return { ...change, path, oid };
  });
  // Two names can be the same without their secrets: one file is all that a commit holds there.
  const byPath = new Map(hidden.map((change) => [change.path, change]));
  return { changes: [...byPath.values()].filter((change) => !isFilled(lane, change)), contents, files };
}

/** The lane was filled with it: a secret that was replaced once was put there again. */
function isFilled({ baseline }: Lane, { path, mode, oid }: Change): boolean {
  const filled = baseline.get(path);
  return oid === null ? filled === undefined : filled?.oid === oid && filled.mode === mode;
}

const TRAILER = 'Yard-Redacted: ';

/** How the message of a commit says in how many files values were replaced. */
export function redactedLine(files: number): string {
  return files === 0 ? '' : `\n${TRAILER}${files}\n`;
}

/** In how many files of the commit values of secrets were replaced, as {@link redactedLine} wrote it. */
export async function redactedFiles(depot: Pick<Depot, 'path'>, commit: string): Promise<number> {
  const { stdout } = await git(['cat-file', 'commit', commit], inDepot(depot));
  const line = stdout
    .toString('utf8')
    .split('\n')
    .find((one) => one.startsWith(TRAILER));
  return line === undefined ? 0 : Number(line.slice(TRAILER.length));
}
