import { inert, inertLine } from '../../core/inert.ts';
import { toText } from '../../git/byte-path.ts';
import { statFiles, toJsonStat } from '../../git/file-stat.ts';
import type { FileStat } from '../../git/file-stat.ts';
import { GitError } from '../../git/git.ts';
import { redactedFiles } from '../../git/hidden-secrets.ts';
import { diffPatch } from '../../git/raw-diff.ts';
import type { Output } from '../terminal/output.ts';
import { counted, renderTable } from '../terminal/table.ts';
import { ownCommits } from './finds.ts';
import type { Find } from './finds.ts';
import { chooseFiles } from './pick-find.ts';

const PATH_MAX = 300;
const SUBJECT_MAX = 100;

interface Entry {
  readonly id: string;
  readonly task: string;
  readonly attempt: number;
  readonly status: string | null;
  readonly where: Find['where'];
  /** Null while the lane is in use. */
  readonly files: number | null;
  readonly ownCommits: number;
  readonly directories: readonly string[];
  readonly busy: string | null;
}

export async function printList(output: Output, finds: readonly Find[], json: boolean): Promise<void> {
  const entries: Entry[] = [];
  for (const find of finds) entries.push(await tryEntryOf(find));
  if (json) return output.json({ salvage: entries });
  if (entries.length === 0) return output.say('nothing that did not land is kept, and no lane holds any');
  const rows = entries.map(({ id, status, where, ...rest }) => [
    id,
    status ?? 'unknown task',
    WHERE[where],
    inWords(where, rest),
  ]);
  for (const line of renderTable(rows, output.width)) output.print(line);
  return output.say('See one with: yard salvage show ID. Bring it back with: yard salvage restore ID');
}

const WHERE: { readonly [K in Find['where']]: string } = { kept: 'kept', lane: 'in its lane', beside: 'kept' };

/** What is damaged is told of with its find; the others are listed all the same. */
async function tryEntryOf(find: Find): Promise<Entry> {
  try {
    return await entryOf(find);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const why = `cannot be read (see: yard doctor): ${error.message.split('\n')[0] ?? ''}`;
    return { ...(await entryOf({ ...find, files: null, own: null })), files: null, busy: why };
  }
}

async function entryOf(find: Find): Promise<Entry> {
  const { id, taskId, attempt, status, where, files, directories, busy } = find;
  const stat = files === null ? [] : await filesOf(find);
  return {
    id,
    task: taskId,
    attempt,
    status,
    where,
    directories,
    files: busy === null ? stat.length : null,
    ownCommits: (await ownCommits(find)).length,
    busy: busy?.why ?? null,
  };
}

function inWords(
  where: Find['where'],
  { files, ownCommits: own, directories, busy }: Omit<Entry, 'id' | 'status' | 'where'>,
): string {
  if (busy !== null) return where === 'lane' ? `moving: ${busy}` : busy;
  const parts = [
    files === 0 || files === null ? null : counted(files, 'file'),
    own === 0 ? null : `${counted(own, 'commit')} of the agent's own`,
    directories.length === 0 ? null : `whole in ${directories.join(', ')}`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

async function filesOf(find: Find): Promise<FileStat[]> {
  const { depot, commit, base } = await chooseFiles(find, undefined);
  return statFiles(depot, base, commit);
}

export interface ShowOptions {
  readonly json?: boolean;
  readonly patch?: boolean;
  readonly commit?: string;
}

export async function show(output: Output, find: Find, options: ShowOptions): Promise<void> {
  const hasFiles = options.commit !== undefined || find.files !== null || find.busy !== null;
  const chosen = hasFiles || options.patch === true ? await chooseFiles(find, options.commit) : null;
  if (options.patch === true && chosen !== null) {
    const patch = await diffPatch(chosen.depot, chosen.base, chosen.commit);
    // Piped, it must apply; on a terminal it must not act.
    return output.write(output.isTerminal ? inert(patch.toString('utf8')) : patch);
  }
  const files = chosen === null ? [] : await statFiles(chosen.depot, chosen.base, chosen.commit);
  const own = await ownCommits(find);
  const redacted = chosen === null ? 0 : await redactedFiles(chosen.depot, chosen.commit);
  const { id, taskId, attempt, status, where, directories } = find;
  if (options.json === true) {
    return output.json({
      id,
      task: taskId,
      attempt,
      status,
      where,
      directories,
      commit: chosen?.commit ?? null,
      base: chosen?.base ?? null,
      files: files.map(toJsonStat),
      redactedFiles: redacted,
      ownCommits: own,
      unholdable: find.unholdable.map(({ path, why }) => ({ path: toText(path), why })),
    });
  }
  const from = chosen === null ? '' : `, on ${chosen.base.slice(0, 12)}`;
  output.print(`${id}, ${status ?? 'of an unknown task'}, ${WHERE[where]}${from}`);
  for (const line of renderTable(files.map(statRow), output.width)) output.print(`  ${line}`);
  if (redacted > 0) output.print(`Not as the agent left it: in ${counted(redacted, 'file')} a secret was replaced`);
  if (own.length > 0) output.print("The agent's own commits:");
  for (const { commit, subject } of own) output.print(`  ${commit.slice(0, 12)} ${inertLine(subject, SUBJECT_MAX)}`);
  if (find.unholdable.length > 0) output.print('In no commit:');
  for (const { path, why } of find.unholdable)
    output.print(`  ${inertLine(toText(path), PATH_MAX)} ${inertLine(why, PATH_MAX)}`);
  for (const directory of directories) output.print(`Whole, as it was found: ${directory}`);
}

function statRow({ path, status, added, deleted }: FileStat): string[] {
  const lines = added === null || deleted === null ? 'no text' : `+${added} -${deleted}`;
  return [status, lines, inertLine(toText(path), PATH_MAX)];
}
