import { join } from 'node:path';

import { formatTaskFile } from '../../config/task-file-writer.ts';
import { inertJson } from '../../core/inert-json.ts';
import { redactJson } from '../../core/redact-json.ts';
import type { Range } from '../../core/report.ts';
import { syncFileSystem, writeFileDurably } from '../../process/file.ts';
import { appendFile, mkdir, writeFile } from '../../process/file-system.ts';
import type { Archive, StoreReader } from '../../store/store.ts';
import { counted } from '../terminal/table.ts';
import { EXPORT_VERSION } from './export-lines.ts';
import { reportOf } from './make-report.ts';
import { formatTime } from './moment.ts';
import { pagesOf } from './read-range.ts';
import { reportMarkdown } from './report-markdown.ts';

/*
 * Invariants:
 * 1. All but README.md is on disk before README.md is there: an export with a README is whole.
 * 2. Everything is of one state of the store, the events up to its number; only what waits now may be newer.
 */

export interface ExportJob {
  /** New or empty. */
  readonly directory: string;
  readonly reader: StoreReader;
  readonly archive: Archive;
  readonly range: Range;
  readonly failuresLimit: number | null;
  readonly redact: (text: string) => string;
}

/** Throws what the system says; the directory then holds a part, without README.md. */
export async function exportFiles({
  directory,
  reader,
  archive,
  range,
  failuresLimit,
  redact,
}: ExportJob): Promise<void> {
  const json = (value: unknown): string => inertJson(redactJson(JSON.stringify(value), redact));
  const list = (rows: readonly object[]): string => `[\n${rows.map(json).join(',\n')}\n]\n`;
  const { tasks, attempts, answers, approvals } = archive;
  await mkdir(join(directory, 'tasks'), { recursive: true });
  for (const { spec } of tasks) {
    await writeFile(join(directory, 'tasks', `${spec.id}.md`), redact(formatTaskFile(spec)));
  }
  await writeFile(join(directory, 'tasks.json'), list(tasks.map((task) => ({ id: task.spec.id, ...task }))));
  await writeFile(join(directory, 'attempts.json'), list(attempts));
  await writeFile(join(directory, 'answers.json'), list(answers));
  await writeFile(join(directory, 'approvals.json'), list(approvals));
  const events = join(directory, 'events.ndjson');
  let count = 0;
  await writeFile(events, '');
  for await (const page of pagesOf(reader, range)) {
    await appendFile(events, page.map((event) => `${json(event)}\n`).join(''));
    count += page.length;
  }
  const report = reportMarkdown(await reportOf(reader, range, failuresLimit));
  await writeFile(join(directory, 'report.md'), redact(`${report.join('\n')}\n`));
  await syncFileSystem(directory);
  await writeFileDurably(join(directory, 'README.md'), readme(archive, range, count), 0o666);
}

function readme({ tasks, attempts, answers, approvals, lastSeq }: Archive, range: Range, events: number): string {
  const rows = [
    ['tasks/*.md', `${counted(tasks.length, 'task')}, each as a task file that \`yard\` reads`],
    ['tasks.json', 'the same with state, counters and times'],
    ['attempts.json', `${counted(attempts.length, 'attempt')}: agent, base, commit, outcome, times`],
    ['answers.json', `${counted(answers.length, 'answer')} to questions`],
    ['approvals.json', `${counted(approvals.length, 'approval')}, by the hash of what was approved`],
    ['events.ndjson', `${counted(events, 'event')}, one on each line, in their order`],
    ['report.md', 'what happened in this time, for people'],
  ];
  return `# History of a yard

Made by \`yard export\` (format ${EXPORT_VERSION}) at ${formatTime(range.untilMs)}, as of event ${lastSeq}; events from
${formatTime(range.sinceMs)} on. This file was written last: where it is, the export is whole.

| file | what it holds |
|---|---|
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Times in JSON are milliseconds since 1970, UTC. Secrets that the yard knew of are replaced by \`[redacted:NAME]\`.
`;
}
