import { NO_BUDGET, NO_BUDGETS } from '../../src/core/budget.ts';
import type { Budgets } from '../../src/core/budget.ts';
import type { TurnWanted } from '../../src/core/turn.ts';
import type { Settlement } from '../../src/store/spending.ts';
import type { Scene } from './store-calls.ts';

export const RESERVED = { usdMicros: 1_000, tokens: 100, cachedTokens: 0, timeMs: 0 };
export const USAGE = { inputTokens: 50, cachedTokens: 500, cacheWriteTokens: 5, outputTokens: 20, costUsd: null };
const OVERLOAD = { type: 'overload', status: 529, resetMs: null, code: null } as const;

export function wantedTurn(taskId: string, attempt = 1, rest: Partial<TurnWanted> = {}): TurnWanted {
  return {
    taskId,
    attempt,
    turn: 1,
    agent: 'mock:fast',
    model: 'fast',
    role: 'implementer',
    pool: null,
    reserve: RESERVED,
    budgets: NO_BUDGETS,
    dailyTurns: null,
    ...rest,
  };
}

export function settlement(rest: Partial<Settlement> = {}): Settlement {
  return {
    usage: USAGE,
    usdMicros: 400,
    source: 'table',
    model: null,
    end: 'finished',
    poolEnd: 'served',
    why: null,
    failure: null,
    timeMs: 1_500,
    jitter: 0,
    ...rest,
  };
}

/** One of many: with a pool or without, held to a budget or not. */
export function turnOf(scene: Scene, taskId: string, attempt: number): TurnWanted {
  const usdMicros = scene.any([null, 2_500, 10_000]);
  const budgets: Budgets = {
    ...NO_BUDGETS,
    [scene.any(['attempt', 'task', 'run', 'day', 'pool'] as const)]: { ...NO_BUDGET, usdMicros },
  };
  return wantedTurn(taskId, attempt, {
    turn: 1 + scene.random.below(3),
    model: scene.any([null, 'fast']),
    agent: scene.any(['mock', 'codex:fast']),
    pool: scene.any([null, 'claude', 'claude', 'codex']),
    budgets,
    dailyTurns: scene.any([null, null, 3]),
  });
}

export function settlementOf(scene: Scene): Settlement {
  const failure = scene.any([
    null,
    OVERLOAD,
    { ...OVERLOAD, type: 'quota', resetMs: 2_000_000 },
    { ...OVERLOAD, type: 'authentication', status: 401, code: 'invalid_key' },
  ] as const);
  return settlement({
    usage: scene.any([USAGE, null]),
    source: scene.any(['reported', 'table', 'estimate']),
    model: scene.any([null, 'slow']),
    poolEnd: failure === null ? scene.any(['served', 'failed', 'cut']) : 'failed',
    failure,
    jitter: scene.any([0, 0.5]),
  });
}
