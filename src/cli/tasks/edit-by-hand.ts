/**
 * A task file in the operator's editor. Invariants:
 * 1. The editor works on a draft in the state directory; the task's file changes only to what was read as a task.
 * 2. A draft that differs from the file stays until it counts, so that a mistake, or a closed terminal, costs no text.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError, isUserError } from '../../core/user-error.ts';
import { decodeText } from '../../config/text.ts';
import { writeFileDurably } from '../../process/file.ts';
import { mkdir, rm } from '../../process/file-system.ts';
import { ask } from '../terminal/ask.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { openEditor } from './editor.ts';
import type { TaskOnFile } from './task-on-file.ts';

const DRAFTS = 'drafts';

/**
 * Opens a draft of the task's file, and hands what comes of it to `accept`, which throws a UserError for what is wrong
 * with it: then it is opened again, or kept. `afresh`: what was kept before is dropped.
 */
export async function editByHand(
  context: CommandContext,
  task: TaskOnFile,
  accept: (text: string, file: string) => Promise<unknown>,
  { afresh = false }: { readonly afresh?: boolean } = {},
): Promise<ExitCode> {
  const draft = await openDraft(context, task, { afresh });
  for (;;) {
    await openOn(context, draft, task);
    const text = await readDraft(draft);
    if (text === task.text) {
      await rm(draft, { force: true });
      context.output.say(`${task.id}: nothing was changed`);
      return EXIT.ok;
    }
    try {
      await accept(text, task.path);
      await rm(draft, { force: true });
      return EXIT.ok;
    } catch (error) {
      if (!isUserError(error)) throw error;
      const kept = `your text is kept in ${draft}; go on with: yard edit ${task.id}`;
      // No editing helps against that.
      if (error.code === 'task-changed') {
        context.output.say(kept);
        throw error;
      }
      context.output.error(error);
      const answer = await ask(context.stdin, { text: 'Open it again? (y/n)', proposal: 'y', ifInterrupted: kept });
      if (/^y/i.test(answer)) continue;
      context.output.say(kept);
      return EXIT.usage;
    }
  }
}

/** Of an editor that fails, a draft is left only where it holds something. */
async function openOn(context: CommandContext, draft: string, task: TaskOnFile): Promise<void> {
  try {
    await openEditor(context, draft);
  } catch (error) {
    if (existsSync(draft) && (await readDraft(draft)) === task.text) await rm(draft, { force: true });
    throw error;
  }
}

/** The draft of an edit that did not count, or a new one. */
async function openDraft(
  { compose, cwd, output }: CommandContext,
  task: TaskOnFile,
  { afresh }: { readonly afresh: boolean },
): Promise<string> {
  const { locateRepository } = await import('../../git/locate.ts');
  const { findRepository } = await import('../../git/repository.ts');
  const { commonDirectory } = locateRepository(cwd) ?? (await findRepository(cwd));
  const { directory: state } = await compose.places(commonDirectory);
  const directory = join(state, DRAFTS);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const name = `${task.id}.${task.hash.slice(0, 16)}.md`;
  const draft = join(directory, name);
  for (const other of await readdir(directory)) {
    if (!other.startsWith(`${task.id}.`)) continue;
    if (afresh) await rm(join(directory, other), { force: true });
    else if (other !== name)
      output.warn(`an edit of an earlier version was left in ${join(directory, other)}; the file has changed since`);
  }
  const begins = `yard edit ${task.id} --discard`;
  if (existsSync(draft)) output.say(`going on with the edit that was kept in ${draft}; afresh with: ${begins}`);
  else await writeFileDurably(draft, task.text);
  return draft;
}

async function readDraft(draft: string): Promise<string> {
  const bytes = await readFile(draft);
  const text = decodeText(bytes);
  if (text !== null) return bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? `\uFEFF${text}` : text;
  throw new UserError({
    code: 'task-encoding',
    message: `${draft}: this is not UTF-8 text`,
    hint: 'Save it as UTF-8.',
    place: { file: draft },
  });
}
