import { expect, test } from 'vitest';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import { stateSentence } from './state-sentence.ts';

test('of a task that runs it says what its agent does, or that it waits for its provider', async () => {
  const driven = await openDriven();
  const { store } = driven;
  await driven.writeTask({ id: 'TASK-1' });
  await (await schedule(driven.yard)).cycle();
  const fence = { resource: 'task:TASK-1', token: (await store.lease('task:TASK-1'))?.token ?? 0 } as const;
  const sentence = async (): Promise<string> => {
    const task = await store.task('TASK-1');
    if (task === null) throw new Error('it is gone');
    return stateSentence(task, (await store.attempts('TASK-1')).at(-1) ?? null, driven.clock.nowMs());
  };
  await store.progress(fence, 'TASK-1', 1, { phase: 'implementing' });
  expect(await sentence()).toMatch(/^is running: attempt 1, implementing for \d+ s$/);
  await store.progress(fence, 'TASK-1', 1, { activity: 'waits for its provider (overload)' });
  expect(await sentence()).toMatch(/implementing for \d+ s: waits for its provider \(overload\)$/);
  await store.progress(fence, 'TASK-1', 1, { phase: 'gating' });
  expect(await sentence()).toMatch(/^is running: attempt 1, gating for \d+ s$/);
});
