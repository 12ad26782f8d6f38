import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { eventsCommand } from './events.ts';
import { graphCommand } from './graph.ts';
import { nextCommand } from './next.ts';
import { showCommand } from './show.ts';
import { statusCommand } from './status.ts';
import { tasksCommand } from './tasks.ts';
import { whyCommand } from './why.ts';

/** Three tasks, the second after the first, the third cancelled. */
async function someYard(): Promise<DrivenYard> {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', area: 'api', priority: 3, acceptance: ['one', 'two'] });
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1', 'TASK-404'] });
  await driven.writeTask({ id: 'TASK-3' });
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle({ drain: true });
  await driven.store.withdraw('TASK-3', { kind: 'cancelled' });
  return driven;
}

test('what only reads: tasks, show, graph, events, why --all and next of one yard', async () => {
  const driven = await someYard();
  const say = (run: (context: CommandContext) => Promise<ExitCode>): Promise<Said> => atTerminal(driven, run);
  const json = async (run: (context: CommandContext) => Promise<ExitCode>): Promise<unknown> =>
    JSON.parse((await say(run)).out);

  const tasks = await say((context) => tasksCommand(context, { status: ['READY', 'cancelled'], limit: 2 }));
  expect(tasks.out.replaceAll(/ +/g, ' ')).toBe(
    'ID STATUS AREA PRIORITY ATTEMPTS TITLE\nTASK-1 ready api 3 0 Do TASK-1\nTASK-2 ready 0 0 Do TASK-2\nand 1 more\n',
  );
  expect((await say((context) => tasksCommand(context, { status: ['redy'] }))).error).toMatchObject({
    code: 'unknown-status',
    hint: expect.stringContaining('Did you mean ready? There are: proposed, ready,'),
  });
  expect((await say((context) => tasksCommand(context, { area: ['apy'] }))).talk).toBe('No task fits; areas: api\n');
  expect(await json((context) => tasksCommand(context, { area: ['api'], json: true }))).toEqual({
    total: 1,
    tasks: [
      {
        id: 'TASK-1',
        title: 'Do TASK-1',
        status: 'ready',
        area: 'api',
        priority: 3,
        attempts: 0,
        agent: null,
        after: [],
      },
    ],
  });

  const shown = await say((context) => showCommand(context, 'task-2', {}));
  expect(shown.out).toContain('after       TASK-1 (ready), TASK-404 (missing)\n');
  expect(await json((context) => showCommand(context, 'TASK-1', { json: true }))).toMatchObject({
    id: 'TASK-1',
    status: 'ready',
    spec: { acceptance: ['one', 'two'] },
    before: [{ id: 'TASK-2', status: 'ready' }],
    counters: { retries: { spent: 0, limit: 3 } },
    attempts: [],
    lane: null,
    history: [{ type: 'task.added' }],
  });
  expect(await json((context) => showCommand(context, 'TASK-3', { json: true }))).toMatchObject({
    decisions: [{ what: 'cancelled' }],
  });
  expect((await say((context) => showCommand(context, 'TASK-33', {}))).error).toMatchObject({ code: 'no-such-task' });

  expect(await json((context) => graphCommand(context, { json: true }))).toMatchObject({
    tasks: [{ id: 'TASK-1' }, { id: 'TASK-2', after: ['TASK-1', 'TASK-404'] }],
    missing: ['TASK-404'],
    cycles: [],
  });
  expect((await say((context) => graphCommand(context, { dot: true, json: true }))).error?.code).toBe('usage');

  const events = await say((context) => eventsCommand(context, { since: 0, type: ['task.added'], json: true }));
  const parsed = events.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; task: string });
  expect(parsed.map(({ task }) => task)).toEqual(['TASK-1', 'TASK-2', 'TASK-3']);
  expect((await say((context) => eventsCommand(context, { task: 'TASK-3', limit: 1 }))).out).toMatch(
    /^ +\d+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d task\.cancelled +TASK-3 +cancelled\n$/,
  );
  expect((await say((context) => eventsCommand(context, { type: ['nope'] }))).talk).toContain('task.cancelled');

  // Without a pin nothing is said of what a scheduler would do.
  expect(await json((context) => whyCommand(context, undefined, { all: true, json: true }))).toMatchObject({
    tasks: [{ id: 'TASK-1' }, { id: 'TASK-2' }],
  });
  expect((await say((context) => whyCommand(context, undefined, {}))).error?.code).toBe('usage');
  expect((await say((context) => whyCommand(context, 'TASK-1', { all: true }))).error?.code).toBe('usage');
  expect((await say((context) => nextCommand(context, {}))).talk).toContain('nothing has run yet');
});

test('task files that no run has read are told of, by count, by id, and by what is wrong with them', async () => {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1' });
  await driven.writeTask({ id: 'TASK-2' });
  await writeFile(join(driven.local.parts.source.path, '.yard/tasks/TASK-9-odd.md'), 'no front matter');
  const say = (run: (context: CommandContext) => Promise<ExitCode>): Promise<Said> => atTerminal(driven, run);
  const joining = '2 task files join the backlog at the next: yard run\n';
  const mistake = '1 task file has a mistake: .yard/tasks/TASK-9-odd.md:1:1: the file does not start with front matter';

  const tasks = await say((context) => tasksCommand(context, {}));
  expect(tasks).toMatchObject({ out: '', talk: `${joining}${mistake} (all: yard doctor tasks)\n` });
  const why = await say((context) => whyCommand(context, undefined, { all: true }));
  expect(why).toMatchObject({ out: '', talk: `${joining}${mistake} (all: yard doctor tasks)\n` });
  const status = await say((context) => statusCommand(context, {}));
  expect(status.out).toContain(`${joining}${mistake}`);

  expect((await say((context) => whyCommand(context, 'task-2', {}))).error).toMatchObject({
    code: 'not-imported',
    message: expect.stringMatching(/^TASK-2 has not joined the backlog yet: no run has read its file, \.yard\/tasks\//),
  });
  expect((await say((context) => showCommand(context, 'TASK-9', {}))).error).toMatchObject({
    code: 'not-imported',
    message: expect.stringContaining('has a mistake: .yard/tasks/TASK-9-odd.md:1:1'),
  });
  expect((await say((context) => showCommand(context, 'TASK-90', {}))).error?.code).toBe('no-such-task');
});
