import { expect, test } from 'vitest';

import { smallDisk, useAsTemporary } from '../../test/fixtures/small-disk.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { openAttemptTools } from './attempt-tools.ts';

const TASK = 'TASK-1';

test('progress that a full disk does not take is no lost lease: the agent goes on', async (context) => {
  const disk = await smallDisk('size=64m');
  if (disk === null) return context.skip('this user may not mount a file system; run as root, or with: unshare -rm');
  useAsTemporary(disk);
  const yard = await openYard();
  await yard.add(TASK);
  const dispatched = await yard.dispatch(TASK);
  const attempt = await yard.context(TASK, dispatched);
  const record = await yard.store.task(TASK);
  if (record === null) throw new Error('the task is gone');
  const tools = await openAttemptTools(attempt, record.spec);
  disk.fill();
  const reply = await tools.call('report_progress', { phase: 'work', focus: 'the disk' });
  await disk.free();
  expect(reply).toMatchObject({ ok: true });
  expect(tools).toMatchObject({ refusal: null, checkpoint: { focus: 'the disk' } });
  expect(await tools.call('report_packet', { summary: 'Done.' })).toMatchObject({ ok: true });
  expect(await tools.call('finish', { status: 'done' })).toMatchObject({ ok: true });
  // What was called is evidence, of which a line is missing.
  await expect(tools.close()).rejects.toMatchObject({ code: 'ENOSPC' });
});
