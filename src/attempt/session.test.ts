import { rm, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';

import { SCRIPTED, SCRIPTED_PROGRAM } from '../../test/fixtures/agents/scripted.ts';
import { readFileAt } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import type { Agent } from '../agents/agent.ts';
import { programAgent } from '../agents/program/adapter.ts';
import { writeScript } from '../cli/demo/model/prompt-script.ts';
import type { StepInput } from '../cli/demo/model/step.ts';
import { startModel } from '../cli/demo/model/stub-model.ts';
import type { StubModel } from '../cli/demo/model/stub-model.ts';
import { FINAL_MESSAGE_SCHEMA } from '../core/final-message.ts';
import { currentBootId } from '../process/identity.ts';

const TASK = 'TASK-1';
const REPORT: StepInput = { tool: { name: 'report_packet', arguments: { summary: 'It is done.' } } };
const DONE: StepInput = { tool: { name: 'finish', arguments: { status: 'done' } } };
const write = (content: string): StepInput => ({ write: { path: 'a.txt', content } });

interface Stage {
  readonly yard: LocalYard;
  readonly model: StubModel;
  /** One attempt of the task, in which the model does this; returns its outcome. */
  readonly attempt: (steps: readonly StepInput[]) => ReturnType<LocalYard['outcome']>;
}

/** A yard whose agent keeps sessions, and a gate that wants the word "good". */
async function stage(session: 'on' | 'off', change: (agent: Agent) => Agent = (agent) => agent): Promise<Stage> {
  const model = await startModel();
  onTestFinished(() => model.close());
  vi.stubEnv('SCRIPTED_URL', model.url);
  onTestFinished(() => void vi.unstubAllEnvs());
  const agents = { pi: { kind: 'pi', environment: { allow: ['SCRIPTED_URL'] } } };
  const gates = { default: { run: 'grep -q good a.txt' } };
  const yard = await openYard({ config: { agents, gates, continuity: { session } } });
  const settings = { model: null, effort: null, protocol: null, accountHome: null };
  const agent = change(programAgent(SCRIPTED, { name: 'pi', run: SCRIPTED_PROGRAM, ...settings }));
  const attempt: Stage['attempt'] = async (steps) => {
    await yard.add(TASK, { objective: `Write a.txt. ${writeScript(steps)}` });
    const options = { agent: 'pi', bootId: currentBootId(), expiresMonotonicMs: Infinity };
    const dispatched = await yard.store.dispatch(await yard.scheduler(), TASK, options);
    const context = await yard.context(TASK, dispatched);
    await yard.run({ ...context, agentFor: () => Promise.resolve(agent) });
    return yard.outcome(TASK, dispatched.attempt);
  };
  return { yard, model, attempt };
}

test.each(['on', 'off'] as const)('a retry with sessions %s comes to the same', async (session) => {
  const { yard, model, attempt } = await stage(session);
  expect(await attempt([write('bad\n'), REPORT, DONE])).toMatchObject({ kind: 'gate-red' });
  const outcome = await attempt([write('good\n'), REPORT, DONE]);
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  expect(await readFileAt(yard.depot.path, outcome.head, 'a.txt')).toBe('good\n');
  const said =
    model.requests
      .at(-1)
      ?.conversation?.messages.map(({ text }) => text)
      .join('\n') ?? '';
  const isResumed = session === 'on';
  // The first attempt's own words to the model are there again only in a session that goes on.
  expect(said.split('This is attempt 1.').length > 1).toBe(isResumed);
  expect(yard.evidenceJson(TASK, 2, 'session-choice-implementer.json')).toMatchObject(
    isResumed ? { from: 1 } : { fresh: 'disabled' },
  );
});

test('what holds for every task comes as standing instructions, with every turn', async () => {
  const { yard, model, attempt } = await stage('on');
  // A nudge, then a retry that goes on with the session.
  await attempt([write('bad\n'), { say: { text: 'I am done.' } }, REPORT, DONE]);
  await attempt([write('good\n'), REPORT, DONE]);
  const systems = model.requests.map(({ conversation }) => conversation?.system);
  expect(systems.length).toBeGreaterThan(5);
  expect(new Set(systems)).toEqual(new Set([yard.evidence(TASK, 1, 'system.md')]));
  expect(systems[0]).toContain('## How to report');
  for (const number of [1, 2]) expect(yard.evidence(TASK, number, 'prompt.md')).not.toContain('## How to report');
});

test('a session that its program has lost is begun anew within the same attempt', async () => {
  const { yard, attempt } = await stage('on');
  await attempt([write('bad\n'), REPORT, DONE]);
  await rm(yard.path(`state/homes/${TASK}/implementer/sessions`), { recursive: true });
  expect(await attempt([write('good\n'), REPORT, DONE])).toMatchObject({ kind: 'accepted' });
  expect(yard.evidenceJson(TASK, 2, 'session-refused-1.json')).toMatchObject({ why: 'there is no such session' });
});

test('a turn without a terminal signal is gone on with twice, then it is no packet', async () => {
  const { yard, model, attempt } = await stage('on');
  const outcome = await attempt([write('good\n'), { say: { text: 'DONE. APPROVED.' } }]);
  expect(outcome).toMatchObject({ kind: 'no-packet' });
  expect(outcome?.kind === 'no-packet' && outcome.why).toContain('in 3 turns');
  const turns = await yard.store.turns(TASK);
  expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3]);
  expect(model.requests.length).toBeGreaterThan(3);
});

test('a nudge is enough for one that has only forgotten to report', async () => {
  const { yard, attempt } = await stage('on');
  expect(await attempt([write('good\n'), { say: { text: 'I am done.' } }, REPORT, DONE])).toMatchObject({
    kind: 'accepted',
  });
  expect(await yard.store.turns(TASK)).toHaveLength(2);
});

test('what its provider refuses is no failure of the task, and ends in no second turn', async () => {
  const { yard, attempt } = await stage('on');
  expect(await attempt([{ error: { status: 429 } }])).toMatchObject({
    kind: 'provider',
    failure: { type: 'overload', status: 429 },
  });
  expect((await yard.store.task(TASK))?.counters.retries).toBe(0);
});

test.each([
  ['whose base is gone', (record: object) => ({ ...record, baseCommit: '1'.repeat(40) }), { fresh: 'head-rewritten' }],
  ['that is none', () => ({ sessionId: 's', baseCommit: '--all' }), { fresh: 'no-session', from: null }],
  ['whose counts are none', (record: object) => ({ ...record, totals: { inputTokens: 'x' } }), { fresh: 'no-session' }],
])('the record of a session %s costs the session alone', async (_, change, choice) => {
  const { yard, attempt } = await stage('on');
  await attempt([write('bad\n'), REPORT, DONE]);
  const name = 'session-implementer.json';
  const record = change(yard.evidenceJson(TASK, 1, name) as object);
  await writeFile(yard.path(`state/attempts/${TASK}/1/${name}`), JSON.stringify(record));
  expect(await attempt([write('good\n'), REPORT, DONE])).toMatchObject({ kind: 'accepted' });
  expect(yard.evidenceJson(TASK, 2, 'session-choice-implementer.json')).toMatchObject(choice);
});

test('the model that a program names is that of its turns', async () => {
  const { yard, attempt } = await stage('on');
  await attempt([write('good\n'), REPORT, DONE]);
  expect(await yard.store.turns(TASK)).toMatchObject([{ model: 'scripted' }]);
});

test('only a program that reports by its last message is asked for one of that shape', async () => {
  const asked: unknown[] = [];
  const hear = (agent: Agent): Agent => ({
    ...agent,
    start: (turn) => {
      asked.push(turn.schema);
      return agent.start(turn);
    },
  });
  await (await stage('on', hear)).attempt([write('good\n'), REPORT, DONE]);
  const bare = await stage('on', (agent) =>
    hear({ ...agent, capabilities: { ...agent.capabilities, tools: null, schema: true } }),
  );
  await bare.attempt([{ error: { status: 401 } }]);
  expect(asked).toEqual([null, FINAL_MESSAGE_SCHEMA]);
});
