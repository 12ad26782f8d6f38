import { join } from 'node:path';

import { inertLine } from '../../core/inert.ts';
import { isBranchName } from '../../core/ref-name.ts';
import { UserError } from '../../core/user-error.ts';
import { toText } from '../../git/byte-path.ts';
import { requireDepot } from '../../git/depot.ts';
import { statFiles } from '../../git/file-stat.ts';
import { GitError } from '../../git/git.ts';
import { findRepository } from '../../git/repository.ts';
import { makeBranch, restoreFiles } from '../../git/restore.ts';
import { openScratchDepot } from '../../git/scratch-depot.ts';
import { errnoOf } from '../../process/errno.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode, Reading } from '../context.ts';
import { pickId } from '../tasks/find-task.ts';
import { newDirectory } from '../salvage/new-directory.ts';
import { findSalvage } from '../salvage/finds.ts';
import type { Find } from '../salvage/finds.ts';
import { chooseFiles, pickFind } from '../salvage/pick-find.ts';
import type { Chosen } from '../salvage/pick-find.ts';
import { printList, show } from '../salvage/view.ts';

export interface SalvageOptions {
  readonly json?: boolean;
  readonly patch?: boolean;
  readonly to?: string;
  readonly all?: boolean;
  readonly branch?: string;
  readonly commit?: string;
}

/** Which options each action takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  list: ['json'],
  show: ['json', 'patch', 'commit'],
  restore: ['to', 'all', 'branch', 'commit'],
};

/** `yard salvage [list|show|restore] [ID]`: work that did not land, and how to get it back. */
export async function salvageCommand(
  context: CommandContext,
  action: string,
  id: string | undefined,
  options: SalvageOptions,
): Promise<ExitCode> {
  checkUsage(action, id, options);
  const { compose, cwd, output } = context;
  const reading = await compose.reading(cwd);
  try {
    await withFinds(context, reading, id, async (finds) => {
      if (action === 'list') await printList(output, await ofTask(reading, finds, id), options.json === true);
      else if (action === 'show') await show(output, pickFind(finds, id ?? ''), options);
      else await restore(context, pickFind(finds, id ?? ''), options, reading.stateDirectory);
    });
    return EXIT.ok;
  } finally {
    await reading.reader.close();
  }
}

function checkUsage(action: string, id: string | undefined, options: SalvageOptions): void {
  const usage = (message: string, hint: string): UserError => new UserError({ code: 'salvage-usage', message, hint });
  const takes = TAKES[action];
  if (takes === undefined) {
    throw usage(`yard salvage knows no ${JSON.stringify(action)}`, 'It is one of: list, show, restore.');
  }
  const wrong = Object.keys(options).find((option) => !takes.includes(option));
  if (wrong !== undefined) {
    throw usage(`--${wrong} is nothing for yard salvage ${action}`, 'See: yard salvage --help');
  }
  if (options.patch === true && options.json === true) {
    throw usage('--patch prints a patch, --json prints JSON', 'Say one of them.');
  }
  if (options.to?.trim() === '') throw usage('--to names no directory', 'Name one that is new or empty: --to DIR');
  if (action !== 'list' && id === undefined) {
    throw usage(`yard salvage ${action} needs an id, such as TASK-0001/2`, 'See what there is with: yard salvage');
  }
  if (options.branch !== undefined && (options.to !== undefined || options.all === true)) {
    throw usage('--branch makes a branch, --to and --all write files', 'Do one after the other.');
  }
}

/** Tasks are known by the store, or by what is kept of them alone. @throws UserError `no-such-task`. */
async function ofTask({ reader }: Reading, finds: readonly Find[], id: string | undefined): Promise<readonly Find[]> {
  if (id === undefined) return finds;
  const rows = await reader.rows();
  const ids = new Set([...rows.map((row) => row.id), ...finds.map(({ taskId }) => taskId)]);
  const task = pickId([...ids], id.split('/')[0] ?? '');
  return finds.filter(({ taskId }) => taskId === task);
}

async function withFinds(
  { compose, output }: CommandContext,
  { reader, stateDirectory, pin }: Reading,
  id: string | undefined,
  act: (finds: readonly Find[]) => Promise<void>,
): Promise<void> {
  // Nothing has run yet.
  if (pin === null) return act([]);
  const depot = requireDepot(stateDirectory, pin.repository.format);
  const scratch = await openScratchDepot(depot, join(stateDirectory, 'tmp'));
  try {
    const wanted = id?.split('/')[0]?.toLowerCase();
    const rows = await reader.rows();
    const task = rows.find((row) => row.id.toLowerCase() === wanted)?.id ?? null;
    await act(
      await findSalvage(
        { reader, stateDirectory, pin, clock: compose.clock, depot, scratch, redactor: output.redactor },
        task,
      ),
    );
  } finally {
    await scratch.dispose();
  }
}

async function restore(
  context: CommandContext,
  find: Find,
  options: SalvageOptions,
  stateDirectory: string,
): Promise<void> {
  const chosen = await chooseFiles(find, options.commit);
  if (options.branch !== undefined) return restoreBranch(context, find, chosen, options.branch);
  const name = options.to ?? `salvage-${find.id.replace('/', '-')}`;
  return restoreDirectory(context, find, chosen, {
    directory: newDirectory(context.cwd, name),
    all: options.all === true,
    indexFile: join(stateDirectory, 'tmp', `restore-${process.pid}.index`),
  });
}

async function restoreDirectory(
  { output }: CommandContext,
  find: Find,
  { depot, commit, base }: Chosen,
  { directory, all, indexFile }: { readonly directory: string; readonly all: boolean; readonly indexFile: string },
): Promise<void> {
  const stat = await statFiles(depot, base, commit);
  const paths = stat.flatMap(({ path, status }) => (status === 'deleted' ? [] : [path]));
  try {
    await restoreFiles({ depot, commit, paths: all ? null : paths, directory, indexFile });
  } catch (error) {
    if (!(error instanceof GitError) && errnoOf(error) === null) throw error;
    throw new UserError({
      code: 'restore-failed',
      message: `${find.id} could not be written to ${directory} whole: ${error instanceof Error ? error.message : ''}`,
      hint: `What is salvaged is untouched. Remove ${directory}, mend the cause and try again.`,
      exitCode: EXIT.failed,
      cause: error,
    });
  }
  output.print(directory);
  output.say(
    `restored ${all ? 'all files' : `${paths.length} ${paths.length === 1 ? 'file that differs' : 'files that differ'}`} of ${find.id} into ${directory}`,
  );
  const deleted = stat.filter(({ status }) => status === 'deleted');
  for (const { path } of deleted) output.say(`deleted by the agent: ${inertLine(toText(path), 300)}`);
}

async function restoreBranch(
  { cwd, output }: CommandContext,
  find: Find,
  { depot, commit }: Chosen,
  branch: string,
): Promise<void> {
  if (!isBranchName(branch)) {
    throw new UserError({
      code: 'bad-branch',
      message: `${JSON.stringify(branch)} is not a branch name that Yardmaster takes; nothing was changed`,
      hint: 'Use letters, digits, and . _ - / between them.',
    });
  }
  const repository = await findRepository(cwd);
  const made = await makeBranch({ repository, depot, ref: `refs/heads/${branch}`, commit });
  if (made.kind === 'made' || (made.kind === 'exists' && made.commit === commit)) {
    output.print(`${branch} ${commit}`);
    return output.say(
      made.kind === 'made'
        ? `the branch ${branch} holds what is salvaged of ${find.id}`
        : `already there: the branch ${branch} holds what is salvaged of ${find.id}`,
    );
  }
  const why =
    made.kind === 'exists'
      ? 'there is one already'
      : 'git refuses it (is there a branch whose name begins with it, or the other way round, or a lock, or no room?)';
  throw new UserError({
    code: 'branch-not-made',
    message: `the branch ${branch} was not made: ${why}; nothing was moved`,
    hint: 'Choose another name. What is salvaged is untouched.',
  });
}
