/**
 * Many new task files at once. Invariants:
 * 1. A reader of the directory (a run, a cycle, `yard add`) sees all files of a batch, or none: while its marker stands
 *    in the directory, the files that it names are left out. Taking the marker away is the one act that makes them count.
 * 2. The marker goes last, after all files are on disk. What a writer that was killed left behind is undone by the next
 *    batch; a file that is not what the batch wrote is never touched.
 * 3. Nothing that exists is replaced.
 */
import { randomUUID } from 'node:crypto';
import { constants, readdirSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTaskFile } from '../config/task-file-writer.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { type TaskSpec, taskIdKey } from '../core/task.ts';
import { errnoOf } from '../process/errno.ts';
import { syncDirectory, syncFileSystem, writeFileDurably } from '../process/file.ts';
import { link, rm, unlink } from '../process/file-system.ts';
import { isAlive, ownIdentity } from '../process/identity.ts';
import { hashOf } from './content-hash.ts';
import { makeTasksDirectory, taskExists, taskFileName } from './new-task-file.ts';
import { batchMarkers, isTaskFileName, readMarker, readTaskFile, TASKS_DIRECTORY } from './task-directory.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** What the marker says. */
interface Marker {
  readonly owner: ProcessIdentity;
  /** Name of each file, and the hash of what it holds. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Writes a file for each task; returns their paths, in that order. All of them appear at once, and survive power loss.
 * Throws a UserError (`task-exists`) when there is a file of one of the ids; then nothing is left of the batch.
 */
export async function writeTaskFiles(root: string, specs: readonly TaskSpec[]): Promise<string[]> {
  const directory = await makeTasksDirectory(root);
  await undoUnfinished(root);
  const files = specs.map((spec) => ({ id: spec.id, name: taskFileName(spec), text: formatTaskFile(spec) }));
  const batch = randomUUID();
  const marker = join(directory, `.batch-${batch}.json`);
  const content: Marker = {
    owner: ownIdentity(),
    files: Object.fromEntries(files.map(({ name, text }) => [name, hashOf(text)])),
  };
  await writeFileDurably(marker, JSON.stringify(content), 0o644);
  const made: string[] = [];
  try {
    for (const { id, name, text } of files) {
      await writeNew(directory, batch, name, text).catch((error: unknown) => {
        throw errnoOf(error) === 'EEXIST' ? taskExists(`${TASKS_DIRECTORY}/${name}`, id) : error;
      });
      made.push(name);
    }
    await syncFileSystem(directory);
    refuseOthers(await readdir(directory), new Map(files.map(({ id, name }) => [taskIdKey(id), { id, name }])));
    await unlink(marker);
  } catch (error) {
    for (const name of made) await rm(join(directory, name), { force: true });
    await rm(marker, { force: true });
    throw error;
  }
  await syncDirectory(directory);
  return files.map(({ name }) => `${TASKS_DIRECTORY}/${name}`);
}

/** The file has all of its content before it has its name. */
async function writeNew(directory: string, batch: string, name: string, text: string): Promise<void> {
  const temporary = join(directory, `.tmp-${batch}`);
  const file = await open(temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o644);
  try {
    await file.writeFile(text);
    await file.close();
    await link(temporary, join(directory, name));
  } finally {
    await file.close();
    await unlink(temporary);
  }
}

/** Somebody may have taken an id meanwhile, under another title. */
function refuseOthers(names: readonly string[], own: ReadonlyMap<string, { id: string; name: string }>): void {
  for (const name of names) {
    if (!isTaskFileName(name)) continue;
    const key = /^([^-]+-[0-9]+)(?:-.*)?\.md$/.exec(taskIdKey(name))?.[1];
    const file = key === undefined ? undefined : own.get(key);
    if (file !== undefined && file.name !== name) throw taskExists(`${TASKS_DIRECTORY}/${name}`, file.id);
  }
}

/** Takes away what writers left that were killed before their batch counted. Returns how many files. */
export async function undoUnfinished(root: string): Promise<number> {
  const directory = join(root, TASKS_DIRECTORY);
  let undone = 0;
  for (const name of batchMarkers(namesIn(directory))) {
    const marker = ownMarker(root, name);
    if (marker === null || isAlive(marker.owner)) continue;
    const batch = name.slice('.batch-'.length, -'.json'.length);
    await rm(join(directory, `.tmp-${batch}`), { force: true });
    for (const [file, hash] of Object.entries(marker.files)) {
      if (!isTaskFileName(file) || file.includes('/')) continue;
      const found = readTaskFile(root, `${TASKS_DIRECTORY}/${file}`);
      if (found === null || hashOf(found.bytes) !== hash) continue;
      await rm(join(directory, file), { force: true });
      undone += 1;
    }
    await syncDirectory(directory);
    await rm(join(directory, name), { force: true });
  }
  return undone;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Null where it has gone, or is none of ours. */
function ownMarker(root: string, name: string): Marker | null {
  const marker = readMarker(root, name);
  if (typeof marker !== 'object' || marker === null || !('owner' in marker && 'files' in marker)) return null;
  const { owner, files } = marker;
  if (typeof owner !== 'object' || owner === null || typeof files !== 'object' || files === null) return null;
  return { owner: owner as ProcessIdentity, files: files as Marker['files'] };
}
