import { BACKLOG_FORMATS, type BacklogFormat, formatOf, readBacklog } from '../../config/backlog-text.ts';
import { UserError } from '../../core/user-error.ts';
import { findRepository } from '../../git/repository.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { addMany } from './add-many.ts';
import type { ManyOptions } from './add-many.ts';
import { readInput } from './read-input.ts';

/** `yard add --from FILE`: all tasks of a file, or of stdin for `-`; one that is wrong, and nothing is added. */
export async function addFromCommand(
  context: CommandContext,
  from: string,
  options: ManyOptions & { readonly format?: BacklogFormat | undefined },
): Promise<ExitCode> {
  const { root } = await findRepository(context.cwd);
  const text = await readInput(context, from);
  const file = from === '-' ? 'stdin' : from;
  const format = options.format ?? formatOf(file, text);
  if (format === null) {
    throw new UserError({
      code: 'tasks-format',
      message: `${file} does not show what it is written in`,
      hint: `Say it: --format ${BACKLOG_FORMATS.join('|')}`,
    });
  }
  return addMany(context, root, readBacklog(text, file, format), options);
}
