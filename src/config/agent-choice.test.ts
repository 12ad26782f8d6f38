import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { choiceOf } from './agent-choice.ts';
import { configSchema } from './schema.ts';

const MINIMAL = {
  version: 1,
  target: 'agent/integration',
  defaults: { agent: 'claude', gate: 'g' },
  gates: { g: { run: 'true' } },
};
const choose = (spec: string, more = '{}') => {
  const { pool, model } = choiceOf(spec, configSchema.parse({ ...MINIMAL, ...(parse(more) as object) }));
  return { pool, model };
};

test('an agent is in the pool of its kind, or in the one that it names', () => {
  expect(choose('claude:opus')).toEqual({ pool: 'claude', model: 'opus' });
  const second = '{ agents: { b: { kind: claude, model: haiku, pool: two } }, pools: { two: {} } }';
  expect(choose('b', second)).toEqual({ pool: 'two', model: 'haiku' });
});

test('each program that speaks ACP is an account of its own, unless the pool of all of them is configured', () => {
  expect(choose('acp:claude')).toEqual({ pool: 'acp:claude', model: null });
  expect(choose('acp:qwen:some:model')).toEqual({ pool: 'acp:qwen', model: 'some:model' });
  expect(choose('acp:claude', '{ pools: { acp: { concurrent: 2 } } }')).toEqual({ pool: 'acp', model: null });
  expect(choose('acp', '{ agents: { acp: { kind: acp, run: [goose, acp] } } }')).toEqual({ pool: 'acp', model: null });
});
