import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { imported } from '../../../test/conformance/store-yard.ts';
import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { memoryStore } from '../../../test/sim/memory-store.ts';
import { parseTaskFile } from '../../config/task-file.ts';
import { makeRedactor } from '../../core/redact.ts';
import { DEFAULT_RETRY_POLICY } from '../../core/task-state.ts';
import { exportFiles } from './export-files.ts';
import { wholeRange } from './read-range.ts';

const SECRET = 'hunter2-hunter2';

test('tasks come back from their files as they were; all else is JSON that holds no secret and no control character', async () => {
  const clock = { nowMs: () => 1_700_000_000_000, monotonicMs: () => 0 };
  const store = memoryStore({ clock, policy: () => DEFAULT_RETRY_POLICY })();
  const plain = imported('T-1', { objective: 'Do it.\n\n## Not a heading of ours', after: ['T-2'], priority: 3 });
  await store.importTasks([plain, imported('T-2', { objective: `Use ${SECRET}.` })]);
  await store.note('noted', { text: `${SECRET}\u009b31m\u202e` });
  const directory = join(await useTemporaryDirectory('export'), 'new');
  const redactor = makeRedactor([{ name: 'TOKEN', value: SECRET }]);
  await exportFiles({
    directory,
    reader: store,
    archive: await store.archive(),
    range: await wholeRange(store, clock.nowMs()),
    failuresLimit: null,
    redact: (text) => redactor.named(text),
  });
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const names = ['README.md', 'answers.json', 'approvals.json', 'attempts.json', 'events.ndjson', 'report.md'];
  expect(readdirSync(directory).toSorted()).toEqual([...names, 'tasks', 'tasks.json']);
  const parsed = parseTaskFile(read('tasks/T-1.md'), 'T-1.md');
  expect(parsed).toMatchObject({ spec: plain.spec });
  const everything = [...names, 'tasks.json', 'tasks/T-2.md'].map(read).join('');
  expect(everything).not.toContain(SECRET);
  expect(everything).toContain('[redacted:TOKEN]');
  expect(everything).not.toMatch(/[\u0080-\u009f\u202e]/);
  expect(JSON.parse(read('tasks.json'))).toMatchObject([{ id: 'T-1', state: { status: 'ready' } }, { id: 'T-2' }]);
  const events = read('events.ndjson')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(events).toMatchObject([{ seq: 1, type: 'task.added' }, { seq: 2 }, { seq: 3, type: 'noted' }]);
  expect(read('README.md')).toContain('as of event 3');
});
