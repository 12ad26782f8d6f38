import { expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import { settlement, wantedTurn } from '../../../test/conformance/store-turns.ts';
import { costCommand } from './cost.ts';
import type { CostOptions } from './cost.ts';
import { poolsCommand } from './pools.ts';
import type { PoolsOptions } from './pools.ts';
import { UserError } from '../../core/user-error.ts';
import type { CommandContext, ExitCode } from '../context.ts';

const pools = (driven: DrivenYard, words: string, options: PoolsOptions = {}): Promise<Said> =>
  atTerminal(driven, (context) => poolsCommand(context, words.split(' '), options));
const cost = (driven: DrivenYard, options: CostOptions = {}): Promise<Said> =>
  atTerminal(driven, (context) => costCommand(context, options));

const TEAM = {
  agents: { script: { kind: 'command', run: 'true', pool: 'team' }, other: { kind: 'command', run: 'true' } },
  pools: { team: { concurrent: 2, budget: { usd: 3 } } },
};

test('a person pauses a pool: nothing of it starts until they resume it, and the rest goes on', async () => {
  const driven = await openDriven({ config: TEAM });
  await driven.writeTask({ id: 'TASK-1' });
  await driven.writeTask({ id: 'TASK-2', agent: 'other' });
  expect(await pools(driven, 'pause team', { why: 'lunch' })).toMatchObject({
    code: 0,
    out: 'Nothing starts in the pool team. Go on with: yard pools resume team\n',
  });
  const scheduler = await schedule(driven.yard);
  expect((await scheduler.cycle({ dryRun: true })).commands).toMatchObject([{ taskId: 'TASK-2', agent: 'other' }]);
  expect((await pools(driven, 'pause team')).out).toBe(
    'already so: the pool team is paused by the operator (lunch). Go on with: yard pools resume team\n',
  );
  const { out } = await pools(driven, 'clear team', { json: true });
  expect(JSON.parse(out)).toMatchObject({
    changed: false,
    pools: [
      {
        name: 'team',
        agents: ['script'],
        refusal: { why: 'held', by: 'the operator', text: 'lunch' },
        sentence: 'is paused by the operator (lunch); go on with: yard pools resume team',
      },
    ],
  });
  expect((await pools(driven, 'clear team')).out).toContain('It stays paused by the operator (lunch); go on with: ');
  expect((await pools(driven, 'pause team', { why: 'supper' })).out).toContain('paused before by the operator (lunch)');
  expect((await pools(driven, 'resume team')).out).toBe('The pool team is paused no longer.\n');
  expect((await scheduler.cycle({ dryRun: true })).commands).toMatchObject([
    { taskId: 'TASK-1', agent: 'script', pool: 'team' },
    { taskId: 'TASK-2', agent: 'other', pool: null },
  ]);
  expect((await pools(driven, 'resume team')).out).toContain('Nobody has paused the pool team.');
});

test('what a failure did to it is cleared', async () => {
  const driven = await openDriven({ config: TEAM });
  await driven.writeTask({ id: 'TASK-1' });
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle();
  const lease = await driven.store.lease('task:TASK-1');
  const fence = { resource: 'task:TASK-1', token: lease?.token ?? 0 } as const;
  const made = await driven.store.reserveTurn(fence, wantedTurn('TASK-1', 1, { pool: 'team' }));
  if (made.kind === 'refused') throw new Error('refused');
  const failure = { type: 'authentication', status: 401, resetMs: null, code: null } as const;
  await driven.store.settleTurn(fence, made.turnId, settlement({ end: 'provider', poolEnd: 'failed', failure }));
  await driven.writeTask({ id: 'TASK-2' });
  const { commands, snapshot } = await scheduler.cycle();
  expect(commands).toEqual([]);
  expect(snapshot.pools.find(({ name }) => name === 'team')?.state.person?.type).toBe('authentication');
  expect((await pools(driven, 'resume team')).out).toContain('yard pools clear team');
  await pools(driven, 'pause team', { why: 'lunch' });
  expect((await pools(driven, 'clear team')).out).toBe(
    'What failures did to the pool team is forgotten. It stays paused by the operator (lunch); go on with: yard pools resume team\n',
  );
  const [cleared] = await driven.store.events({ limit: 1, newest: true });
  expect(cleared).toMatchObject({ type: 'pool.cleared', data: { pool: 'team', held: true } });
  await pools(driven, 'resume team');
  expect((await scheduler.cycle({ dryRun: true })).commands).toMatchObject([{ taskId: 'TASK-2' }]);
});

test.each([
  ['pause', 'no-pool-named'],
  ['stop team', 'unknown-action'],
  ['pause team now', 'unknown-action'],
  ['pause taem', 'no-such-pool'],
])('yard pools %s is refused', async (words, code) => {
  const driven = await openDriven({ config: TEAM });
  expect((await pools(driven, words)).error?.code).toBe(code);
});

test('before the first run the pools of the configuration are shown, and nothing is spent', async () => {
  const driven = await openDriven({ config: TEAM });
  const notYet = new UserError({ code: 'no-yard', message: 'nothing has run yet' });
  const before = (run: (context: CommandContext) => Promise<ExitCode>): Promise<Said> =>
    atTerminal(driven, (context) =>
      run({ ...context, compose: { ...context.compose, reading: () => Promise.reject(notYet) } }),
    );
  const shown = await before((context) => poolsCommand(context, [], {}));
  expect(shown.out.replaceAll(/ {2,}/g, '  ')).toBe(
    'POOL  RUNS  TURNS  COST  STATE\nteam  0/2  0  $0.00/$3.00  has room\n',
  );
  const { code, out } = await before((context) => poolsCommand(context, [], { json: true }));
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ pools: [{ name: 'team', agents: ['script'], today: { turns: 0, usd: 0 } }] });
  expect((await before((context) => poolsCommand(context, ['pause'], {}))).error?.hint).toBe('Name one: team');
  const said = await before((context) => costCommand(context, {}));
  expect(said).toMatchObject({ code: 0, out: 'No turn of an agent was taken yet.\n' });
  const asJson = await before((context) => costCommand(context, { json: true }));
  expect(JSON.parse(asJson.out)).toMatchObject({ by: 'task', groups: [], total: { turns: 0, usd: 0 } });
});

test('a model whose price nobody knows is named, with the key that gives it one', async () => {
  const driven = await openDriven({ config: { ...TEAM, prices: { 'mine-1': { input: 1, output: 2 } } } });
  const { fence } = (await driven.local.add('TASK-1'), await driven.local.dispatch('TASK-1'));
  for (const model of ['other-9', 'mine-1', null]) {
    const made = await driven.store.reserveTurn(fence, wantedTurn('TASK-1', 1, { agent: 'script', model }));
    const settled = settlement({ usdMicros: 500_000, source: 'estimate', model });
    if (made.kind === 'reserved') await driven.store.settleTurn(fence, made.turnId, settled);
  }
  const { out, talk } = await cost(driven, { by: 'model' });
  expect(out).toMatch(/^MODEL.*\nother-9 .*\nmine-1 .*\nnot named .*\ntotal /);
  expect(talk).toContain(
    'nobody says what other-9 costs: each of its turns counts as budgets.estimate.usd; set prices.other-9 ',
  );
  expect(talk).not.toContain('mine-1');
});

test('what turns cost, by task, agent and day; what nobody knows is called estimated', async () => {
  const driven = await openDriven({ config: TEAM });
  expect((await cost(driven)).out).toBe('No turn of an agent was taken yet.\n');
  for (const id of ['TASK-1', 'TASK-2']) await driven.local.add(id);
  const turns = [
    ['TASK-1', { usdMicros: 1_250_000, source: 'reported' }],
    ['TASK-2', { usdMicros: 500_000, source: 'estimate', usage: null }],
  ] as const;
  for (const [id, settled] of turns) {
    const { fence } = await driven.local.dispatch(id);
    const made = await driven.store.reserveTurn(fence, wantedTurn(id, 1, { agent: 'script' }));
    if (made.kind === 'reserved') await driven.store.settleTurn(fence, made.turnId, settlement(settled));
  }
  const { out, talk } = await cost(driven);
  expect(out.replaceAll(/ {2,}/g, '  ')).toBe(
    [
      'TASK  TURNS  INPUT  CACHED  OUTPUT  TIME  COST',
      'TASK-1  1  55  500  20  2 s  $1.25',
      'TASK-2  1  0  0  0  2 s  $0.50 estimated',
      'total  2  55  500  20  3 s  $1.75, $0.50 of it estimated',
      '',
    ].join('\n'),
  );
  expect(talk).toContain('1 turn did not say how many tokens');
  expect(talk).toContain('budgets.estimate.usd');
  const json = JSON.parse((await cost(driven, { by: 'agent', days: 2, json: true })).out) as object;
  expect(json).toMatchObject({
    by: 'agent',
    groups: [{ key: 'script', turns: 2, usd: 1.75, usdReported: 1.25, usdEstimated: 0.5, unknownUsage: 1 }],
    total: { usd: 1.75 },
  });
  expect((await cost(driven, { by: 'moon' })).error?.code).toBe('unknown-key');
});
