import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../../test/sim/memory-store.ts';
import { DEFAULT_RETRY_POLICY } from '../../core/task-state.ts';
import { readRange, wholeRange } from './read-range.ts';

const DAY_MS = 86_400_000;

/** Events 1, 2, 3 … at these times. */
async function storeAt(times: readonly number[], types: readonly string[] = []) {
  let now = 0;
  const clock = { nowMs: () => now, monotonicMs: () => now };
  const store = memoryStore({ clock, policy: () => DEFAULT_RETRY_POLICY })();
  for (const [index, time] of times.entries()) {
    now = time;
    await store.note(types[index] ?? 'noted', null);
  }
  return store;
}

const NOW_MS = 10 * DAY_MS;

describe('without being told', () => {
  test('from the beginning of the last run, its first event included', async () => {
    const store = await storeAt([1, 2, NOW_MS - 5, NOW_MS - 4], ['run.started', 'noted', 'run.started', 'noted']);
    expect(await readRange(store, {}, NOW_MS)).toEqual({
      sinceSeq: 2,
      untilSeq: 4,
      sinceMs: NOW_MS - 5,
      untilMs: NOW_MS,
    });
  });

  test('what a run did before it told of itself is part of it', async () => {
    const store = await storeAt([1, 2, 3]);
    await store.note('run.started', { pid: 7, afterSeq: 1 });
    expect(await readRange(store, {}, NOW_MS)).toEqual({ sinceSeq: 1, untilSeq: 4, sinceMs: 2, untilMs: NOW_MS });
  });

  test('what people did between the last run and the one before is part of it', async () => {
    const types = ['run.started', 'run.ended', 'noted', 'run.started', 'noted', 'run.ended', 'noted'];
    const store = await storeAt([1, 2, 3, 4, 5, 6, 7], types);
    expect(await readRange(store, {}, NOW_MS)).toEqual({ sinceSeq: 2, untilSeq: 7, sinceMs: 2, untilMs: NOW_MS });
  });

  test('without a run: the last day', async () => {
    const store = await storeAt([NOW_MS - DAY_MS - 1, NOW_MS - DAY_MS, NOW_MS - 1]);
    expect(await readRange(store, {}, NOW_MS)).toMatchObject({ sinceSeq: 1, untilSeq: 3, sinceMs: NOW_MS - DAY_MS });
  });

  test('where nothing has happened', async () => {
    const store = await storeAt([]);
    const nothing = { sinceSeq: 0, untilSeq: 0, untilMs: NOW_MS };
    expect(await readRange(store, {}, NOW_MS)).toMatchObject(nothing);
    expect(await wholeRange(store, NOW_MS)).toEqual({ ...nothing, sinceMs: NOW_MS });
  });
});

test('by times: both ends are part of it', async () => {
  const store = await storeAt([1_000, 2_000, 2_000, 3_000, 4_000].map((ms) => ms + 1_700_000_000_000));
  const iso = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
  const now = 1_700_000_009_000;
  expect(await readRange(store, { since: iso(2_000), until: iso(3_000) }, now)).toMatchObject({
    sinceSeq: 1,
    untilSeq: 4,
  });
  expect(await readRange(store, { since: iso(4_500) }, now)).toMatchObject({ sinceSeq: 5, untilSeq: 5 });
});

test('by events: those after the one, up to the other', async () => {
  const store = await storeAt([100, 200, 300]);
  expect(await readRange(store, { since: '1', until: '2' }, NOW_MS)).toEqual({
    sinceSeq: 1,
    untilSeq: 2,
    sinceMs: 100,
    untilMs: 200,
  });
});

test('an end before the beginning is refused', async () => {
  const store = await storeAt([100, 200, 300]);
  await expect(readRange(store, { since: '3', until: '1' }, NOW_MS)).rejects.toMatchObject({ code: 'bad-range' });
  await expect(readRange(store, { since: '1h', until: '2h' }, NOW_MS)).rejects.toMatchObject({ code: 'bad-range' });
});
