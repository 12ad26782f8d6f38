import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';

import { expect, test } from 'vitest';
import type { TestContext } from 'vitest';

import { smallDisk, useAsTemporary } from '../../test/fixtures/small-disk.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { attemptMarker } from '../core/marker.ts';
import { findMarked } from '../process/tree.ts';
import { openAttemptTools } from './attempt-tools.ts';

const TASK = 'TASK-1';
const NO_MOUNT = 'this user may not mount a file system; run as root, or with: unshare -rm npm test';

/** A yard with a task, on a disk that can be filled. */
async function stage({ skip }: TestContext) {
  const disk = (await smallDisk('size=64m')) ?? skip(NO_MOUNT);
  useAsTemporary(disk);
  const yard = await openYard();
  await yard.add(TASK);
  return { disk, yard };
}

test('a disk that is full while an agent talks is no failure of the agent, nor one that stops the yard', async (context) => {
  const { disk, yard } = await stage(context);
  await writeFile(yard.path('hold'), '');
  const talk = 'head -c 2000000 /dev/zero | tr "\\\\0" x | fold';
  await yard.does(TASK, `touch "$BASE/begun"; while [ -e "$BASE/hold" ]; do sleep 0.02; done; ${talk}`);
  const dispatched = await yard.dispatch(TASK);
  const ended = yard.run(await yard.context(TASK, dispatched));
  await until('the agent', () => existsSync(yard.path('begun')));
  disk.fill();
  await rm(yard.path('hold'));
  const marker = attemptMarker(yard.stateDirectory, TASK, dispatched.attempt, dispatched.fence.token);
  await until('the end of the agent', () => findMarked(marker).length === 0);
  await disk.free();
  expect(await ended).toBe('finished');
  expect(await yard.outcome(TASK, 1)).toMatchObject({ kind: 'infrastructure', fault: 'disk-full' });
  expect(await yard.store.turns(TASK)).toMatchObject([{ settled: { end: 'infrastructure' } }]);
  expect((await yard.store.control()).failuresInARow).toBe(0);
  expect(await yard.store.task(TASK)).toMatchObject({ state: { status: 'ready' }, counters: { retries: 0 } });
});

test('progress that is reported while the disk is full is taken, and ends nothing', async (context) => {
  const { disk, yard } = await stage(context);
  const dispatched = await yard.dispatch(TASK);
  const { signal } = new AbortController();
  const attempt = { ...(await yard.context(TASK, dispatched)), signal };
  const { spec } = (await yard.store.task(TASK)) ?? {};
  if (spec === undefined) throw new Error('there is no task');
  const tools = await openAttemptTools(attempt, spec);
  disk.fill();
  const progress = { phase: 'editing', focus: 'a.txt' };
  const reply = await tools.call('report_progress', progress);
  await disk.free();
  expect({ reply, refusal: tools.refusal, isEnded: tools.ended.aborted }).toMatchObject({
    reply: { ok: true },
    refusal: null,
    isEnded: false,
  });
  expect(tools.checkpoint).toMatchObject(progress);
  expect(await yard.record(TASK, 1)).toMatchObject({ activity: '' });
  await tools.close();
});
