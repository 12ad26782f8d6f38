import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import { hang, runningYard } from '../../../test/fixtures/yard/running.ts';
import { attemptMarker } from '../../core/marker.ts';
import { isAlive } from '../../process/identity.ts';
import type { Scheduler } from '../../reconcile/scheduler.ts';
import { supersedeCommand } from './supersede.ts';
import type { SupersedeOptions } from './supersede.ts';

function supersede(
  driven: DrivenYard,
  id: string,
  title: string | undefined,
  options: SupersedeOptions = {},
): Promise<Said> {
  return atTerminal(driven, (context) => supersedeCommand(context, id, title, options));
}

async function filesOf(driven: DrivenYard): Promise<string[]> {
  return (await readdir(join(driven.local.parts.source.path, '.yard/tasks'))).toSorted();
}

/** TASK-1, TASK-2 that waits for it, and TASK-3 beside them. */
async function waitingYard(): Promise<DrivenYard & { readonly scheduler: Scheduler }> {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', owns: ['src/'], priority: 3, acceptance: ['one', 'two'] });
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  await driven.writeTask({ id: 'TASK-3' });
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle({ drain: true });
  return Object.assign(driven, { scheduler });
}

describe('yard supersede', () => {
  test('makes a new task that takes over what is not said', async () => {
    const driven = await waitingYard();
    const said = await supersede(driven, 'task-1', 'Do it better', { accept: ['three'], area: 'cli' });
    expect(said).toMatchObject({
      code: 0,
      out: 'TASK-1 is superseded by TASK-0004: Do it better (.yard/tasks/TASK-0004-do-it-better.md)\n',
    });
    const { store, scheduler } = driven;
    expect((await store.task('TASK-1'))?.state).toEqual({ status: 'superseded', by: 'TASK-0004' });
    expect(await store.task('TASK-0004')).toMatchObject({
      spec: {
        title: 'Do it better',
        objective: 'Do it better',
        acceptance: ['three'],
        owns: ['src/'],
        priority: 3,
        area: 'cli',
        supersedes: ['TASK-1'],
      },
      source: { path: '.yard/tasks/TASK-0004-do-it-better.md' },
    });
    // What waited for the old one waits for the new one, also in the eyes of a run.
    expect((await scheduler.cycle({ dryRun: true })).commands).toMatchObject([
      { kind: 'dispatch', taskId: 'TASK-0004' },
      { kind: 'dispatch', taskId: 'TASK-3' },
    ]);
  });

  test('says what is easily overlooked: an objective that was taken over, a successor that is parked', async () => {
    const driven = await openDriven();
    await driven.writeTask({ id: 'TASK-1' });
    await driven.writeTask({ id: 'TASK-3' });
    await (await schedule(driven.yard)).cycle({ drain: true });
    expect((await supersede(driven, 'TASK-1', 'One', { objective: 'In full.' })).talk).toBe('');
    const taken = await supersede(driven, 'TASK-0004', 'Another');
    expect(taken.talk).toBe(
      'objective taken over from TASK-0004; change it with: yard edit TASK-0005 --objective "…"\n',
    );
    await driven.store.transition('TASK-3', { kind: 'parked', why: 'later' });
    const parked = await supersede(driven, 'TASK-0005', undefined, { by: 'TASK-3' });
    expect(parked.talk).toBe('TASK-3 is still parked; put it back with: yard unpark TASK-3\n');
  });

  test('with a task that there is', async () => {
    const driven = await waitingYard();
    expect(await supersede(driven, 'TASK-1', undefined, { by: 'task-3', json: true })).toMatchObject({ code: 0 });
    expect((await driven.store.task('TASK-1'))?.state).toEqual({ status: 'superseded', by: 'TASK-3' });
    expect(await filesOf(driven)).toEqual(['TASK-1.md', 'TASK-2.md', 'TASK-3.md']);
  });

  test('of two at once that take each other for it, one is told, and its task stays', async () => {
    const driven = await waitingYard();
    const both = [
      supersede(driven, 'TASK-1', undefined, { by: 'TASK-3' }),
      supersede(driven, 'TASK-3', undefined, { by: 'TASK-1' }),
    ];
    const codes = (await Promise.all(both)).map(({ code, error }) => error?.code ?? code);
    expect(new Set(codes)).toEqual(new Set([0, 'wrong-state']));
    const statuses = ['TASK-1', 'TASK-3'].map(async (id) => (await driven.store.task(id))?.state.status);
    expect(new Set(await Promise.all(statuses))).toEqual(new Set(['ready', 'superseded']));
  });

  test('ends what runs of the old one', async () => {
    const { driven, fence } = await runningYard(null);
    const marker = attemptMarker(driven.local.stateDirectory, 'TASK-1', 1, fence.token);
    const agent = await hang(driven, marker);
    expect(await supersede(driven, 'TASK-1', 'Do it better')).toMatchObject({ code: 0 });
    expect(isAlive(agent)).toBe(false);
    expect(await driven.store.openIntents()).toEqual([]);
  });

  test.each<[string, string, string | undefined, SupersedeOptions, string]>([
    ['nothing said', 'TASK-1', undefined, {}, 'usage'],
    ['both said', 'TASK-1', 'Better', { by: 'TASK-3' }, 'usage'],
    ['itself', 'TASK-1', undefined, { by: 'TASK-1' }, 'task-on-itself'],
    ['an unknown one', 'TASK-1', undefined, { by: 'TASK-33' }, 'no-such-task'],
    ['one that waits for it', 'TASK-1', undefined, { by: 'TASK-2' }, 'task-cycle'],
    ['an agent that there is not', 'TASK-1', 'Better', { agent: 'none' }, 'task-incomplete'],
    ['a dependency on a task that there is not', 'TASK-1', 'Better', { after: ['TASK-9'] }, 'no-such-task'],
    ['an id that is taken', 'TASK-1', 'Better', { id: 'TASK-3' }, 'task-exists'],
  ])('%s is refused, and changes nothing', async (_name, id, title, options, code) => {
    const driven = await waitingYard();
    expect((await supersede(driven, id, title, options)).error).toMatchObject({ code, exitCode: 2 });
    expect((await driven.store.task('TASK-1'))?.state.status).toBe('ready');
    expect(await filesOf(driven)).toEqual(['TASK-1.md', 'TASK-2.md', 'TASK-3.md']);
  });

  test('one that is done, or whose successor would be, is refused', async () => {
    const driven = await waitingYard();
    await driven.store.withdraw('TASK-3', { kind: 'cancelled' });
    expect((await supersede(driven, 'TASK-3', 'x')).error).toMatchObject({
      code: 'wrong-state',
      message: expect.stringMatching(/^TASK-3 is cancelled; supersede applies to/) as string,
    });
    expect((await supersede(driven, 'TASK-1', undefined, { by: 'TASK-3' })).error?.code).toBe('wrong-state');
    expect(existsSync(join(driven.local.parts.source.path, '.yard/tasks/TASK-1.md'))).toBe(true);
  });
});
