import { expect, test } from 'vitest';
import { openDriven, schedule } from '../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../test/fixtures/yard/driven.ts';
import { Scheduler } from './scheduler.ts';
import { SettingsSource } from './settings.ts';
import { NO_SANDBOXES } from '../../test/fixtures/cells.ts';
import { join } from 'node:path';

const TYPES = ['config.changed', 'config.broken', 'config.mended'];

async function told({ store }: DrivenYard): Promise<unknown[]> {
  return (await store.events({ types: TYPES })).map(({ type, data }) => [type.slice('config.'.length), data]);
}

/** The yard as another process sees it, which has read nothing yet. */
function seenAnew({ yard }: DrivenYard): DrivenYard['yard'] {
  const { repository, stateDirectory } = yard;
  const pinFile = join(stateDirectory, 'current-pin');
  const settings = new SettingsSource(repository, stateDirectory, {}, pinFile, () => Promise.resolve(NO_SANDBOXES));
  settings.takeCharge();
  return { ...yard, settings };
}

test('a change is told once, with the keys of the files; the first version is none', async () => {
  const driven = await openDriven();
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle();
  await scheduler.cycle();
  expect(await told(driven)).toEqual([]);
  await driven.writeConfig({ limits: { killGrace: '200ms', retries: 7, concurrent: 2 } });
  await scheduler.cycle({ dryRun: true });
  expect(await told(driven)).toEqual([]);
  await scheduler.cycle();
  await scheduler.cycle();
  expect(await told(driven)).toEqual([['changed', { keys: ['limits.concurrent', 'limits.retries'] }]]);
});

test('a version that does not hold is told once, and so is that it was mended', async () => {
  const driven = await openDriven();
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle();
  await driven.writeConfig({ colour: 'red' });
  await scheduler.cycle();
  await scheduler.cycle();
  await driven.writeConfig({ limits: { killGrace: '200ms', retries: 1 } });
  await scheduler.cycle();
  await scheduler.cycle();
  expect(await told(driven)).toEqual([
    [
      'broken',
      {
        code: 'config-invalid',
        message: expect.stringContaining('unknown key "colour"'),
        place: { file: '.yard/config.yaml', line: 1, column: expect.any(Number) },
      },
    ],
    ['mended', {}],
    ['changed', { keys: ['limits.retries'] }],
  ]);
});

test('what changed, or was mended, between two schedulers is told by the second', async () => {
  const driven = await openDriven();
  const first = await schedule(driven.yard);
  await first.cycle();
  await driven.writeConfig('version: [');
  await first.cycle();
  await first.release();
  await driven.writeConfig({ gates: { default: { run: 'exit 1' } } });
  const acquired = await Scheduler.acquire(seenAnew(driven), () => undefined);
  if (acquired.kind === 'held') throw new Error('the first scheduler still holds the yard');
  await acquired.scheduler.cycle();
  await acquired.scheduler.cycle();
  await acquired.scheduler.release();
  expect((await told(driven)).slice(1)).toEqual([
    ['mended', {}],
    ['changed', { keys: ['gates.default.run', 'gates.default.timeout'] }],
  ]);
});
