import { expect, test } from 'vitest';
import { commitFiles } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';

const TASK = 'TASK-1';
const RED = 'echo "$(date +%s%N) pid $$ in $(pwd): 1 is not 2"; exit 1';

async function yardWith(does: string, gate = RED): Promise<LocalYard> {
  const yard = await openYard({ config: { gates: { default: { run: gate, timeout: '1m' } } } });
  await yard.add(TASK);
  await yard.does(TASK, does);
  return yard;
}

async function outcomes(yard: LocalYard, attempts: number): Promise<unknown[]> {
  const kinds = [];
  for (let n = 0; n < attempts; n += 1) kinds.push((await yard.attempt(TASK)).outcome?.kind);
  return kinds;
}

test.each([
  ['the same commit, red for the same reason at another time', 'echo a > a', 'gate-red'],
  ['no change', 'true', 'no-change'],
  ['the same work left behind by an agent that died of the same', 'echo a > a; exit 3', 'no-packet'],
] as const)('%s: parked, with both attempts named', async (_, does, kind) => {
  const yard = await yardWith(does);
  expect(await outcomes(yard, 2)).toEqual([kind, kind]);
  expect(await yard.state(TASK)).toMatchObject({
    status: 'parked',
    why: expect.stringMatching(/^attempts 1 and 2 came to the same: /) as string,
  });
  expect((await yard.record(TASK, 1)).signature).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  ['another file each time', 'echo "$YARD_ATTEMPT" > a', RED],
  ['more work left behind each time, though it says the same', 'echo "$YARD_ATTEMPT" > a-$YARD_ATTEMPT; exit 3', RED],
  [
    'another failure of the gate each time',
    'echo a > a',
    'echo x >> ../../../runs; echo "failed: $(cat ../../../runs)"; exit 1',
  ],
] as const)('%s is progress', async (_, does, gate) => {
  const yard = await yardWith(does, gate);
  await outcomes(yard, 2);
  expect(await yard.state(TASK)).toMatchObject({ status: 'ready' });
});

test('a newer target is another start', async () => {
  const yard = await yardWith('echo a > a');
  await outcomes(yard, 1);
  await yard.git('checkout', '-q', '--detach', yard.target);
  await yard.git('update-ref', yard.target, await commitFiles(yard.parts.source, { other: 'x\n' }));
  await yard.sync();
  await outcomes(yard, 1);
  expect(await yard.state(TASK)).toMatchObject({ status: 'ready' });
});

test('questions are not compared', async () => {
  const yard = await yardWith('echo "Which one?" > BLOCKED.md');
  await outcomes(yard, 1);
  await yard.store.answer(TASK, 'the first');
  await outcomes(yard, 1);
  expect(await yard.state(TASK)).toMatchObject({ status: 'blocked' });
});
