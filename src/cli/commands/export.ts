import { compareIds } from '../../core/frontier.ts';
import { UserError } from '../../core/user-error.ts';
import type { Range } from '../../core/report.ts';
import type { Archive, StoreReader } from '../../store/store.ts';
import { exportFiles } from '../account/export-files.ts';
import { exportLines } from '../account/export-lines.ts';
import { readRange, wholeRange } from '../account/read-range.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { newDirectory } from '../salvage/new-directory.ts';

export interface ExportOptions {
  readonly to?: string;
  readonly json?: boolean;
  readonly since?: string;
}

/** `yard export`. */
export async function exportCommand(context: CommandContext, options: ExportOptions): Promise<ExitCode> {
  const { compose, cwd, output } = context;
  if ((options.to === undefined) === (options.json !== true) || options.to?.trim() === '') {
    const hint = 'Write files with: yard export --to DIR. Print lines of JSON with: yard export --json';
    throw new UserError({ code: 'export-usage', message: 'yard export needs --to DIR or --json', hint });
  }
  const { reader, pin } = await compose.reading(cwd);
  try {
    const nowMs = compose.clock.nowMs();
    const archive = inOrder(await reader.archive());
    // What is written while this runs is left out everywhere.
    const range = { ...(await rangeOf(reader, options.since, nowMs)), untilSeq: archive.lastSeq };
    if (options.to === undefined) {
      await exportLines(output, reader, archive, range);
      return EXIT.ok;
    }
    const directory = newDirectory(cwd, options.to);
    const failuresLimit = pin?.config.limits.consecutiveFailures ?? null;
    await written(directory, () =>
      exportFiles({ directory, reader, archive, range, failuresLimit, redact: (text) => output.redactor.named(text) }),
    );
    output.print(directory);
    output.say(
      `exported ${archive.tasks.length} tasks, and what happened up to event ${range.untilSeq}; see README.md`,
    );
    return EXIT.ok;
  } finally {
    await reader.close();
  }
}

function inOrder({ tasks, ...rest }: Archive): Archive {
  return { ...rest, tasks: tasks.toSorted((a, b) => compareIds(a.spec.id, b.spec.id)) };
}

function rangeOf(reader: StoreReader, since: string | undefined, nowMs: number): Promise<Range> {
  return since === undefined ? wholeRange(reader, nowMs) : readRange(reader, { since }, nowMs);
}

/** @throws UserError `export-failed` where the machine has no room for it, or may not write there. */
async function written(directory: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new UserError({
      code: 'export-failed',
      message: `${directory} could not be written whole: ${error.message}`,
      hint: `Remove ${directory}, mend the cause and try again. The yard itself is untouched.`,
      exitCode: EXIT.failed,
      cause: error,
    });
  }
}
