import { expect, test } from 'vitest';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { NOTHING } from '../core/budget.ts';
import { dayOf } from '../core/day.ts';
import type { TurnEnd } from '../agents/agent.ts';
import { openAccount } from './turn-account.ts';
import type { OpenTurn, TurnUsed } from './turn-account.ts';

const TASK = 'TASK-1';
const USAGE = { inputTokens: 1_000, cachedTokens: 10_000, cacheWriteTokens: 0, outputTokens: 100, costUsd: null };
const FINISHED: TurnEnd = { kind: 'no-packet', why: 'it said nothing', outputTail: '' };
const QUOTA = { type: 'quota', status: 429, resetMs: null, code: null } as const;

const inPool = (pool: string, more: object = {}) => ({
  agents: { script: { kind: 'command', run: 'true', pool }, ...more },
  pools: { [pool]: {} },
});

/** An account of a task's running attempt, as the loop of turns opens it. */
async function accountOf(config: Record<string, unknown>, agentSpec = 'script') {
  const yard = await openYard({ config });
  await yard.add(TASK);
  const dispatched = await yard.dispatch(TASK);
  const context = { ...(await yard.context(TASK, dispatched)), agentSpec };
  return { yard, account: openAccount(context, 'implementer'), dispatched };
}

function opened(made: Awaited<ReturnType<ReturnType<typeof openAccount>['reserve']>>): OpenTurn {
  if (made.kind !== 'open') throw new Error(JSON.stringify(made));
  return made;
}

const used = (more: Partial<TurnUsed> = {}): TurnUsed => ({
  end: FINISHED,
  usage: USAGE,
  model: null,
  reached: 'start',
  ...more,
});

test('the turns of an attempt are counted as it takes them, and what nobody told of them is estimated', async () => {
  const yard = await openYard({ config: { budgets: { estimate: { usd: 0.25, tokens: 7 } } } });
  await yard.add(TASK);
  await yard.does(TASK, 'echo x > a');
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
  const [turn, ...more] = await yard.store.turns(TASK);
  expect(more).toEqual([]);
  expect(turn).toMatchObject({
    turn: 1,
    agent: 'script',
    role: 'implementer',
    pool: null,
    settled: { end: 'finished', usage: null, source: 'estimate', used: { usdMicros: 250_000, tokens: 7 } },
  });
  expect(await yard.store.spend({ scope: `task:${TASK}`, period: 0 })).toMatchObject({ turns: 1, reserved: NOTHING });
});

test('a task whose budget is spent is parked, and told how to go on', async () => {
  const yard = await openYard({ config: { budgets: { task: { usd: 0.6 }, estimate: { usd: 0.5 } } } });
  await yard.add(TASK);
  await yard.does(TASK, 'echo run >> "$BASE/runs"; echo "$YARD_ATTEMPT" > a; exit 1');
  await yard.attempt(TASK);
  await yard.attempt(TASK);
  expect(await yard.status(TASK)).toBe('ready');
  const third = await yard.attempt(TASK);
  expect(third.outcome).toMatchObject({ kind: 'policy' });
  expect(await yard.status(TASK)).toBe('parked');
  expect(JSON.stringify((await yard.store.task(TASK))?.state)).toContain(
    `$1.00 of $0.60 used, $1.00 of it estimated (yard cost says why); raise budgets.task.usd in .yard/config.yaml`,
  );
  // The third turn was never taken.
  expect(yard.lines('runs')).toEqual(['run', 'run']);
});

test('a budget of all tasks holds the task, and counts nothing against it', async () => {
  const yard = await openYard({ config: { budgets: { day: { tokens: 10 }, estimate: { tokens: 10 } } } });
  for (const id of [TASK, 'TASK-2']) {
    await yard.add(id);
    await yard.does(id, 'echo x > a');
  }
  await yard.attempt(TASK);
  const second = await yard.attempt('TASK-2');
  expect(second.outcome).toMatchObject({ kind: 'budget', of: 'day' });
  expect(await yard.store.task('TASK-2')).toMatchObject({
    state: { status: 'ready', notBeforeMs: null },
    counters: { retries: 0, infrastructure: 0 },
  });
});

test('a provider that refuses costs nothing but the attempt, and the next turn of its pool is not taken', async () => {
  const { yard, account, dispatched } = await accountOf(inPool('team'));
  expect(account.pool).toBe('team');
  const end: TurnEnd = { kind: 'provider', why: 'no quota', failure: QUOTA };
  await opened(await account.reserve(1)).settle(used({ end, usage: null }));
  expect(await yard.store.turns(TASK)).toMatchObject([
    { settled: { end: 'provider', used: { usdMicros: 0, tokens: 0 }, source: 'reported' } },
  ]);
  const refused = await account.reserve(2);
  expect(refused).toMatchObject({ kind: 'provider', pool: 'team', retryAtMs: null });
  if (refused.kind === 'open') throw new Error('it was taken');
  const { fence, attempt } = dispatched;
  await yard.store.finish(fence, TASK, attempt, refused);
  expect(await yard.store.task(TASK)).toMatchObject({
    state: { status: 'ready', notBeforeMs: null },
    counters: { retries: 0, infrastructure: 0, lost: 0 },
  });
});

test('what is left is told to the program, and bounds the time of the turn', async () => {
  const budgets = { attempt: { usd: 2, time: '1m' }, task: { usd: 1.5 }, estimate: { usd: 0.5 } };
  const { account } = await accountOf({ budgets });
  const first = opened(await account.reserve(1));
  expect(first).toMatchObject({ maxCostUsd: 1.5, maxMs: 60_000 });
  await first.settle(used({ usage: { ...USAGE, costUsd: 0.9 } }));
  expect(opened(await account.reserve(2)).maxCostUsd).toBeCloseTo(0.6);
});

test('a cost is what the program reports, else by the table and what the configuration says over it', async () => {
  const prices = { quick: { input: 1, output: 10, cachedInput: 0.1 } };
  const { yard, account } = await accountOf({ prices }, 'script:quick');
  const turns: [TurnUsed, object][] = [
    [used({ usage: { ...USAGE, costUsd: 0.125 } }), { source: 'reported', used: { usdMicros: 125_000 } }],
    [used(), { source: 'table', used: { usdMicros: 1_000 + 1_000 + 1_000, tokens: 1_100, cachedTokens: 10_000 } }],
    [used({ model: 'gpt-5-mini' }), { source: 'table', used: { usdMicros: 250 + 250 + 200 } }],
    [used({ model: 'nobody-knows' }), { source: 'estimate', used: { usdMicros: 500_000 } }],
  ];
  for (const [index, [turn]] of turns.entries()) await opened(await account.reserve(index + 1)).settle(turn);
  const settled = (await yard.store.turns(TASK)).map((turn) => turn.settled);
  expect(settled).toMatchObject(turns.map(([, expected]) => expected));
  expect((await yard.store.turns(TASK)).map(({ model }) => model)).toEqual([
    'quick',
    'quick',
    'gpt-5-mini',
    'nobody-knows',
  ]);
});

test('a turn that its provider refused costs nothing, though its program counts to nothing without a price', async () => {
  const { yard, account } = await accountOf({});
  const end = { kind: 'provider', why: 'no', failure: { ...QUOTA, type: 'overload' } } as const;
  const nothing = { inputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 0, costUsd: null };
  await opened(await account.reserve(1)).settle(used({ end, usage: nothing }));
  await opened(await account.reserve(2)).settle(used({ end, usage: { ...nothing, outputTokens: 1 } }));
  const settled = (await yard.store.turns(TASK)).map((turn) => turn.settled);
  expect(settled).toMatchObject([
    { source: 'reported', used: { usdMicros: 0, tokens: 0 } },
    { source: 'estimate', used: { usdMicros: 500_000, tokens: 1 } },
  ]);
});

test('a turn that its provider refused in the end, after it had worked, is not free because nothing is told of it', async () => {
  const { yard, account } = await accountOf({ budgets: { estimate: { usd: 0.25, tokens: 7 } } });
  const end = { kind: 'provider', why: 'no', failure: { ...QUOTA, type: 'overload' } } as const;
  await opened(await account.reserve(1)).settle(used({ end, usage: null, reached: 'work' }));
  expect(await yard.store.turns(TASK)).toMatchObject([
    { settled: { source: 'estimate', used: { usdMicros: 250_000, tokens: 7 } } },
  ]);
});

test('a turn whose program was never started costs nothing', async () => {
  const { yard, account } = await accountOf({});
  const end = { kind: 'infrastructure', why: 'no such program' } as const;
  await opened(await account.reserve(1)).settle(used({ end, usage: null, reached: 'nothing' }));
  await opened(await account.reserve(2)).settle(used({ end, usage: null }));
  expect((await yard.store.turns(TASK)).map((turn) => turn.settled)).toMatchObject([
    { used: { usdMicros: 0, tokens: 0 } },
    { source: 'estimate', used: { usdMicros: 500_000 } },
  ]);
});

test('a program that fails three times within a minute holds its pool; a shell command that is silent does not', async () => {
  const broken = { kind: 'infrastructure', why: 'no such program' } as const;
  const program = await accountOf(inPool('team'));
  for (const turn of [1, 2, 3]) {
    await opened(await program.account.reserve(turn)).settle(used({ end: broken, usage: null }));
  }
  expect((await program.yard.store.spending()).pools).toMatchObject([{ name: 'team', state: { quickFailures: 0 } }]);
  expect(await program.account.reserve(4)).toMatchObject({ kind: 'provider', pool: 'team' });
  const silent = await accountOf(inPool('team'));
  for (const turn of [1, 2, 3, 4]) {
    await opened(await silent.account.reserve(turn)).settle(used({ usage: null }));
  }
});

test('a turn that was cut by the end of its attempt is settled as it was reserved', async () => {
  const { yard, account, dispatched } = await accountOf({ budgets: { estimate: { usd: 0.5 } } });
  opened(await account.reserve(1));
  await yard.store.withdraw(TASK, { kind: 'cancelled' });
  const day = dayOf((await yard.store.turns(TASK))[0]?.startedMs ?? 0);
  expect(await yard.store.spend({ scope: 'day', period: day })).toMatchObject({
    reserved: NOTHING,
    settled: { usdMicros: 500_000 },
    estimatedMicros: 500_000,
  });
  expect(dispatched.attempt).toBe(1);
});
