import { homedir } from 'node:os';
import { expect, test } from 'vitest';

import type { Config } from '../config/schema.ts';
import { accountHome, agentEnvironment } from './account.ts';

const pool = (more: object): Config['pools'][string] =>
  ({ home: null, login: 'operator', environment: { allow: [] }, variables: {}, secrets: [], ...more }) as never;
const agent = { pool: 'second', environment: { allow: ['ANTHROPIC_API_KEY', 'SECOND_KEY'] } };
const from = { PATH: '/bin', ANTHROPIC_API_KEY: 'mine', SECOND_KEY: 'theirs', OTHER: 'x' };

test('the login of an account is in your home, in its own, or nowhere', () => {
  expect(accountHome({}, 'claude')).toBe(homedir());
  expect(accountHome({ pools: { second: pool({ home: '~/accounts/b' }) } }, 'second')).toBe(`${homedir()}/accounts/b`);
  expect(accountHome({ pools: { second: pool({ home: '/srv/b' }) } }, 'second')).toBe('/srv/b');
  expect(accountHome({ pools: { second: pool({ login: 'own' }) } }, 'second')).toBe(null);
  expect(accountHome({ pools: {} }, null)).toBe(homedir());
});

test('variables of an account stand under the names that its program knows, and under no other', () => {
  const pools = { second: pool({ variables: { ANTHROPIC_API_KEY: 'SECOND_KEY' } }) };
  expect(agentEnvironment({ pools }, agent, from)).toEqual({ PATH: '/bin', ANTHROPIC_API_KEY: 'theirs' });
  expect(agentEnvironment({ pools: {} }, agent, from)).toEqual({
    PATH: '/bin',
    ANTHROPIC_API_KEY: 'mine',
    SECOND_KEY: 'theirs',
  });
});

test('an account whose variable is not set gets no key, least of all that of another one', () => {
  const pools = { second: pool({ variables: { ANTHROPIC_API_KEY: 'THIRD_KEY' } }) };
  expect(agentEnvironment({ pools }, agent, from)).not.toHaveProperty('ANTHROPIC_API_KEY');
});

test('two names may be exchanged', () => {
  const pools = { second: pool({ variables: { ANTHROPIC_API_KEY: 'SECOND_KEY', SECOND_KEY: 'ANTHROPIC_API_KEY' } }) };
  expect(agentEnvironment({ pools }, agent, from)).toMatchObject({ ANTHROPIC_API_KEY: 'theirs', SECOND_KEY: 'mine' });
});
