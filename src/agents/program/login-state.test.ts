import { expect, test } from 'vitest';

import type { NamedAccount } from '../account.ts';
import { howToLogIn } from './login-state.ts';

const CLAUDE = { logIn: 'claude auth login', keys: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] };
const SECOND: NamedAccount = { pool: 'second', home: null, login: 'operator', variables: {} };
const KEY = { ANTHROPIC_AUTH_TOKEN: 'SECOND_KEY' };
const SET = 'set SECOND_KEY, its ANTHROPIC_AUTH_TOKEN by pools.second.variables';

test.each([
  ['their own account', null, 'log in with: claude auth login; or set ANTHROPIC_API_KEY'],
  ['a pool of limits alone', SECOND, 'log in with: claude auth login; or set ANTHROPIC_API_KEY'],
  [
    'a key of its own',
    { ...SECOND, variables: KEY },
    `name the home that it is logged in under: pools.second.home; or ${SET}`,
  ],
  ['a key alone', { ...SECOND, login: 'own', variables: KEY }, SET],
  [
    'a home of its own',
    { ...SECOND, home: '~/second' },
    'log in with HOME=~/second (pools.second.home): claude auth login; or set ANTHROPIC_API_KEY',
  ],
] as const)('how one logs in to %s', (_, account, how) => {
  expect(howToLogIn(CLAUDE, account)).toBe(how);
});

test('a program that keeps that to itself', () => {
  expect(howToLogIn({ logIn: null, keys: [] }, null)).toBeNull();
  expect(howToLogIn({ logIn: 'x login', keys: [] }, null)).toBe('log in with: x login');
});
