import { UserError } from '../../core/user-error.ts';
import { nearest } from '../../core/nearest.ts';
import type { Depot } from '../../git/depot.ts';
import { resolve } from '../../git/depot.ts';
import { TARGET_RECORD } from '../../git/target-sync.ts';
import { ownCommits } from './finds.ts';
import type { Find } from './finds.ts';

/** The find of an id as typed; the id of a task alone will do where it has one find. */
export function pickFind(finds: readonly Find[], typed: string): Find {
  const wanted = typed.toLowerCase();
  const exact = finds.find(({ id }) => id.toLowerCase() === wanted);
  if (exact !== undefined) return exact;
  const ofTask = finds.filter(({ taskId }) => taskId.toLowerCase() === wanted);
  const [only] = ofTask;
  if (only !== undefined && ofTask.length === 1) return only;
  const ids = (ofTask.length > 0 ? ofTask : finds).map(({ id }) => id);
  const near = nearest(typed, ids);
  const which = ofTask.length > 0 ? `Name one of: ${ids.join(', ')}` : 'See what there is with: yard salvage';
  throw new UserError({
    code: 'no-such-salvage',
    message:
      ofTask.length > 0
        ? `${typed} has ${ofTask.length} salvages`
        : `there is no salvage ${JSON.stringify(typed)}: nothing that did not land is known by that id`,
    hint: near === null || ofTask.length > 0 ? which : `Did you mean ${near}? ${which}`,
  });
}

/** Files to be shown or restored, as a commit against its base. */
export interface Chosen {
  readonly depot: Depot;
  readonly commit: string;
  readonly base: string;
}

/**
 * The files of a find, or one of the agent's own commits (8 characters of its id, or more).
 *
 * @throws UserError where it cannot be read now, and where it holds no such thing.
 */
export async function chooseFiles(find: Find, commit: string | undefined): Promise<Chosen> {
  if (find.busy !== null) {
    throw new UserError({
      code: 'lane-in-use',
      message: `${find.busy.why}; nothing was changed, and nothing is lost`,
      hint: find.busy.hint,
    });
  }
  if (commit !== undefined) return chooseOwn(find, commit);
  const { files } = find;
  if (files !== null) return { ...files, base: await baseOf(files.depot, files.commit) };
  const where = find.directories.length === 0 ? '' : `It is kept as it was found, in ${find.directories.join(', ')}. `;
  const own =
    find.own === null ? '' : `Its own commits are listed by: yard salvage show ${find.id}; name one with --commit.`;
  throw new UserError({
    code: 'no-salvaged-files',
    message: `${find.id} holds no files as a commit`,
    hint: `${where}${own}`.trim(),
  });
}

async function chooseOwn(find: Find, typed: string): Promise<Chosen> {
  const all = await ownCommits(find);
  const found = all.filter(({ commit }) => typed.length >= 8 && commit.startsWith(typed.toLowerCase()));
  const [own] = found;
  if (own !== undefined && found.length === 1 && find.own !== null) {
    const { depot } = find.own;
    const commit = await resolve(depot, `${own.commit}^{commit}`);
    if (commit !== null) return { depot, commit, base: await baseOf(depot, commit) };
  }
  throw new UserError({
    code: 'no-such-commit',
    message: `${find.id} has no commit ${JSON.stringify(typed)} that the agent made`,
    hint: `Give 8 characters or more of one that this lists: yard salvage show ${find.id}`,
  });
}

/** What files are compared with: the parent; for a first commit of its own, the target. */
async function baseOf(depot: Depot, commit: string): Promise<string> {
  return (await resolve(depot, `${commit}^`)) ?? (await resolve(depot, TARGET_RECORD)) ?? commit;
}
