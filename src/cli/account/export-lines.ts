import type { Range } from '../../core/report.ts';
import type { Archive, StoreReader } from '../../store/store.ts';
import type { Output } from '../terminal/output.ts';
import { pagesOf } from './read-range.ts';

/** Version of what `--json` prints, and of the files. */
export const EXPORT_VERSION = 1;

/** One object on each line, `kind` first; events last, in their order. */
export async function exportLines(output: Output, reader: StoreReader, archive: Archive, range: Range): Promise<void> {
  const print = (kind: string, row: object): void => output.jsonText(JSON.stringify({ kind, ...row }), { lines: true });
  print('export', { version: EXPORT_VERSION, ...range });
  for (const task of archive.tasks) print('task', { id: task.spec.id, ...task });
  for (const attempt of archive.attempts) print('attempt', attempt);
  for (const answer of archive.answers) print('answer', answer);
  for (const approval of archive.approvals) print('approval', approval);
  for await (const page of pagesOf(reader, range)) {
    for (const event of page) print('event', event);
    // A history is larger than what should wait in memory for a slow reader.
    await output.flush();
    if (output.isClosed) return;
  }
}
