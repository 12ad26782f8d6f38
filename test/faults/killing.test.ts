import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRunning, processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** Never ends by itself; writes its pid down, for the test. `$T` is the test's directory. */
const endless = (name: string): string => `echo $$ > "$T/pid-${name}"; while [ ! -e "$T/never" ]; do sleep 0.05; done`;

const GATES: readonly (readonly [string, string])[] = [
  ['hangs', endless('gate')],
  ['ignores SIGTERM', `trap "" TERM INT HUP; ${endless('gate')}`],
  ['double-forks', `( ( ${endless('gate')} ) & ) ; while [ ! -e "$T/never" ]; do sleep 0.05; done`],
  [
    'leaves a setsid daemon behind and is green',
    `setsid sh -c 'trap "" TERM; ${endless('gate')}' >/dev/null 2>&1 & while [ ! -e "$T/pid-gate" ]; do sleep 0.05; done`,
  ],
  [
    'hangs beside a setsid daemon that ignores SIGTERM',
    `setsid sh -c 'trap "" TERM; ${endless('gate')}' & ${endless('leader')}`,
  ],
];

describe('case 29: a gate', () => {
  test.each(GATES)('%s: ended at its deadline with all it started, and its slot is used again', async (name, run) => {
    const isGreen = name.includes('green');
    const made = await makeYard({
      config: {
        environment: { allow: ['T'] },
        gates: { default: { run: `if [ -e bad.txt ]; then ${run}; fi`, timeout: '2s' } },
        limits: { retries: 0, concurrent: 1, gates: 1, killGrace: '500ms' },
      },
      tasks: [
        { id: 'A-1', does: 'echo bad > bad.txt' },
        { id: 'B-1', does: 'echo good > good.txt' },
      ],
    });
    // In the train the target would be bad as well: it is the attempt's gate that this is about.
    const ran = await made.yard(['reconcile', '--sync', '--no-land'], { env: { T: made.base } });
    expect(ran.code).toBe(0);
    expect(await made.statusOf('A-1')).toBe(isGreen ? 'accepted' : 'parked');
    expect(await isRunning(Number(await made.readText('pid-gate')))).toBe(false);
    expect(await processesOf(join(made.state, 'gates'))).toEqual([]);
    if (isGreen) return;
    const [attempt] = await made.read((reader) => reader.attempts('A-1'));
    expect(attempt?.outcome).toMatchObject({
      kind: 'gate-red',
      summary: expect.stringContaining('did not end within 2 s, its time limit'),
    });
    expect(await made.yard(['run'], { env: { T: made.base } })).toMatchObject({ code: 3 });
    expect(await made.statusOf('B-1')).toBe('landed');
  });
});

/** Where an attempt waits, for the test: in which stage, and what waits there. */
const STAGES: readonly { readonly stage: string; readonly config: object; readonly does: string }[] = [
  {
    stage: 'preparing',
    config: { prewarm: [{ run: endless('stage'), key: ['README.md'], outputs: ['out'] }] },
    does: 'echo a > a.txt',
  },
  { stage: 'implementing', config: {}, does: `T=$BASE; ${endless('stage')}` },
  { stage: 'gating', config: { gates: { default: { run: endless('stage') } } }, does: 'echo a > a.txt' },
];

async function hasStopped(made: E2eYard): Promise<void> {
  expect(await isRunning(Number(await made.readText('pid-stage')))).toBe(false);
  expect(await processesOf(join(made.state, 'lanes'))).toEqual([]);
  expect(await made.read((reader) => reader.openIntents())).toEqual([]);
}

describe('case 31: a cancellation', () => {
  test.each(STAGES)('while it is $stage: ended, final, and nothing lands', async ({ config, does }) => {
    const made = await makeYard({
      files: { '.gitignore': 'out\n' },
      config: { environment: { allow: ['T'] }, ...config },
      tasks: [{ id: 'A-1', does }],
    });
    const run = made.start(['run'], { env: { T: made.base } });
    await made.waitForFile('pid-stage');
    expect(await made.yard(['cancel', 'A-1'])).toMatchObject({ code: 0 });
    await hasStopped(made);
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 cancelled\n$/) });
    expect(made.git('rev-parse', 'agent/integration')).toBe(made.git('rev-parse', 'main'));
  });

  test('on the train, while its combination is tested: it never lands, and the train goes on', async () => {
    const made = await makeYard({
      config: {
        environment: { allow: ['T'] },
        gates: {
          default: {
            run: `if [ -e human.txt ] && [ -e a.txt ] && [ ! -e "$T/go" ]; then echo $$ > "$T/pid-stage"; while [ ! -e "$T/go" ]; do sleep 0.05; done; fi`,
          },
        },
      },
      tasks: [
        { id: 'A-1', does: 'touch "$BASE/started"; wait_for moved; echo a > a.txt' },
        { id: 'B-1', does: 'wait_for moved; echo b > b.txt' },
      ],
    });
    const run = made.start(['run'], { env: { T: made.base } });
    await made.waitForFile('started');
    await made.humanCommit('agent/integration', 'human.txt', '1\n');
    await made.touch('moved');
    await made.waitForFile('pid-stage');
    expect(await made.statusOf('A-1')).toBe('landing');
    expect(await made.yard(['cancel', 'A-1'])).toMatchObject({ code: 0 });
    await made.touch('go');
    expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed, 1 cancelled\n$/) });
    expect(made.git('log', '--first-parent', '--format=%s', 'agent/integration').split('\n')).toEqual([
      'Do B-1',
      'Human: human.txt',
      'First',
    ]);
  });
});
