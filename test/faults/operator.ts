import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openReader } from '../../src/store/sqlite-reader.ts';
import type { TaskRow } from '../../src/store/store.ts';
import { startYard } from '../fixtures/e2e/command.ts';
import type { Ran } from '../fixtures/e2e/command.ts';
import { environmentOf } from './scenario.ts';
import type { Scenario } from './scenario.ts';

/** EXIT.limit: stopped, or too many failures in a row. */
const LIMIT = 4;
const AGAIN_MAX = 3;
const PATIENCE_MS = 120_000;

/** What a person did besides `yard run`, by kind. */
export type Acts = Record<'answer' | 'approve' | 'cancel' | 'pause' | 'stop' | 'resume' | 'retry', number>;

export const NO_ACTS: Acts = { answer: 0, approve: 0, cancel: 0, pause: 0, stop: 0, resume: 0, retry: 0 };

export interface Standing {
  readonly rows: readonly TaskRow[];
  readonly stopped: boolean;
  /** A person has stopped it before. */
  readonly wasStopped: boolean;
}

/** Where the tasks stand, or null while there is no store that can be read. */
export async function standing(scenario: Scenario): Promise<Standing | null> {
  if (!existsSync(join(scenario.state, 'state.db'))) return null;
  const reader = openReader(join(scenario.state, 'state.db'));
  if (reader === null) return null;
  try {
    const stops = await reader.events({ limit: 1_000_000 });
    return {
      rows: await reader.rows(),
      stopped: (await reader.control()).stopped !== null,
      wasStopped: stops.some(({ type }) => type === 'yard.stopped'),
    };
  } finally {
    await reader.close();
  }
}

/** Runs a command to its end. */
export function operate(
  scenario: Scenario,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  return startYard(args, { cwd: scenario.root, env: { ...environmentOf(scenario), ...env } }).done;
}

/** All is done: landed, or called off. */
export function isDone({ tasks, cancelled }: Scenario, now: Standing | null): boolean {
  if (now === null || now.rows.length < tasks.length + cancelled.length) return false;
  return now.rows.every(({ id, state }) => state.status === (cancelled.includes(id) ? 'cancelled' : 'landed'));
}

/** What a person does who looks at the yard after a run: whatever it asks for, and what they had in mind anyway. */
export async function attend(
  scenario: Scenario,
  ended: Pick<Ran, 'code'>,
  env: Readonly<Record<string, string>>,
  acts: Acts,
): Promise<void> {
  const now = await standing(scenario);
  if (now === null) return;
  const act = async (kind: keyof Acts, ...args: readonly string[]): Promise<void> => {
    // A command that was killed is given again.
    let { code } = await operate(scenario, [kind, ...args], env);
    for (let again = 0; code === null && again < AGAIN_MAX; again += 1) {
      ({ code } = await operate(scenario, [kind, ...args], env));
    }
    // A stop that was cut short may have taken effect. `acts` is the caller's tally.
    if (code === 0 || kind === 'stop') Object.assign(acts, { [kind]: acts[kind] + 1 });
  };
  if (now.stopped || ended.code === LIMIT) await act('resume');
  for (const { id, state } of now.rows) {
    if (scenario.cancelled.includes(id)) {
      if (state.status !== 'cancelled') await act('cancel', id);
    } else if (state.status === 'blocked') {
      if (state.on.kind === 'question') await act('answer', id, 'The first.');
      else await act('approve', id);
    } else if (state.status === 'parked') {
      await act('retry', id);
    }
  }
  if (scenario.cancelled.length === 0 || now.wasStopped) return;
  await act('pause');
  await act('stop');
}

/** Runs the yard again and again until all is done. False: not within so many runs, or one of them did not end. */
export async function driveToEnd(
  scenario: Scenario,
  env: Readonly<Record<string, string>>,
  { runsMax, patienceMs = PATIENCE_MS }: { readonly runsMax: number; readonly patienceMs?: number },
): Promise<boolean> {
  for (let runs = 1; runs <= runsMax; runs += 1) {
    const ended = await Promise.race([operate(scenario, ['run'], env), delay(patienceMs, null, { ref: false })]);
    if (ended === null) return false;
    if (ended.code === 0 && isDone(scenario, await standing(scenario))) return true;
    await attend(scenario, ended, env, { ...NO_ACTS });
  }
  return false;
}
