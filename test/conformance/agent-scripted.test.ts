import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { errnoOf } from '../../src/process/errno.ts';
import { makeArena } from '../fixtures/agents/program-arena.ts';
import { SCRIPTED, SCRIPTED_PROGRAM } from '../fixtures/agents/scripted.ts';
import { until } from '../fixtures/yard/until.ts';
import { programSuite } from './agent-program.ts';

const [path, script] = SCRIPTED_PROGRAM;

programSuite('the scripted fake', {
  adapter: SCRIPTED,
  program: { path, prefixArgs: [script], version: 'ours' },
  environment: ({ url }) => ({ SCRIPTED_URL: url }),
  waitsForRetryAfter: true,
  refused: { 429: 'provider', 500: 'provider', 401: 'provider' },
});

test('a program that tries again and again is ended once its provider has refused for too long', async () => {
  await using arena = await makeArena({
    adapter: SCRIPTED,
    settings: { run: SCRIPTED_PROGRAM },
    environment: ({ url }) => ({ PATH: process.env['PATH'] ?? '', SCRIPTED_URL: url }),
  });
  const { end } = await arena.play([{ error: { status: 429, retryAfterS: 1000 } }], { patienceMs: 200 });
  expect(end).toMatchObject({ kind: 'provider', failure: { type: 'overload', status: 429, waitedMs: 200 } });
  expect(end.kind === 'provider' && end.why).toContain('waited 0.2 s for its provider');
});

/** What its commands print passes for its own words. */
test.for<[string, object, { readonly count: number; readonly most: number }]>([
  ['usage', { type: 'usage', input: 3, cached: 2, output: 1 }, { count: 100_000, most: 3_000 }],
  ['sessions', { type: 'session', id: 'forged', model: 'dear' }, { count: 100_000, most: 3_000 }],
  ['words', { type: 'text', text: 'x'.repeat(50_000) }, { count: 1_000, most: 500 }],
])('a flood of %s waits for a slow reader within bounds, and all that counts is counted', async ([, line, flood]) => {
  await using arena = await makeArena({
    adapter: SCRIPTED,
    settings: { run: SCRIPTED_PROGRAM },
    environment: ({ url }) => ({ PATH: process.env['PATH'] ?? '', SCRIPTED_URL: url }),
  });
  const command = `yes '${JSON.stringify(line)}' | head -n ${flood.count}`;
  const steps = [{ run: { command } }, { say: { text: 'Done.' } }];
  const { end, events, usage, totals } = await arena.play(steps, {}, async (event) => {
    // The reader takes nothing more until all has been said.
    if (event.kind === 'started') await until('the end of the program', () => !isRunning(event.pid));
  });
  expect(end.kind).toBe('unfinished');
  expect(events.length).toBeLessThan(flood.most);
  // It tells what it has used itself at its end.
  const ownTokens = totals?.outputTokens ?? 0;
  expect(ownTokens).toBeGreaterThan(1);
  expect(usage.outputTokens - ownTokens).toBe('input' in line ? flood.count : 0);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw error;
  }
}

test('a refusal that is told again and again is one line of the log', async () => {
  await using arena = await makeArena({
    adapter: SCRIPTED,
    settings: { run: SCRIPTED_PROGRAM },
    environment: ({ url }) => ({ PATH: process.env['PATH'] ?? '', SCRIPTED_URL: url }),
  });
  const steps = [{ error: { status: 429, retryAfterS: 0, times: 2 } }, { say: { text: 'There.' } }] as const;
  const { events } = await arena.play(steps);
  expect(events.filter(({ kind }) => kind === 'rate-limit')).toHaveLength(2);
  const lines = (await readFile(arena.turn.transcript, 'utf8')).split('\n');
  expect(lines.filter((line) => line.includes('[provider: '))).toHaveLength(1);
});
