import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { inertLine } from '../../core/inert.ts';
import type { NamedAccount } from '../account.ts';
import type { Adapter } from './adapter.ts';

/** Whether a program has an account to work with, as far as that shows without asking its provider. */
export type LoginState =
  /** By a variable that it is given. */
  | { readonly kind: 'key'; readonly variable: string }
  /** By a file of its own login. Whether that still holds, only its provider knows. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'none' }
  /** It keeps that to itself. */
  | { readonly kind: 'unknown' };

/** @param environment what the program is given. */
export function loginState(
  { keys, login }: Pick<Adapter, 'keys' | 'login'>,
  accountHome: string | null,
  environment: Readonly<Record<string, string>>,
): LoginState {
  const variable = keys.find((name) => (environment[name] ?? '') !== '');
  if (variable !== undefined) return { kind: 'key', variable };
  const file = login.find(({ from }) => accountHome !== null && existsSync(join(accountHome, from)));
  if (file !== undefined) return { kind: 'file', path: `~/${file.from}` };
  return keys.length === 0 && login.length === 0 ? { kind: 'unknown' } : { kind: 'none' };
}

/**
 * How an operator logs in to a program, as the end of a sentence; null: it keeps that to itself.
 * @param account null: their own.
 */
export function howToLogIn(
  { logIn, keys }: Pick<Adapter, 'logIn' | 'keys'>,
  account: NamedAccount | null,
): string | null {
  const ways = [logIn === null ? null : wayOfLogin(logIn, account), wayOfKey(keys, account)];
  return ways.filter((way) => way !== null).join('; or ') || null;
}

function wayOfLogin(logIn: string, account: NamedAccount | null): string | null {
  if (account === null) return `log in with: ${logIn}`;
  const { pool, home, login, variables } = account;
  if (login === 'own') return null;
  if (home !== null) return `log in with HOME=${inertLine(home, 200)} (pools.${pool}.home): ${logIn}`;
  // A second account: a login in the operator's home would be that of the first.
  if (Object.keys(variables).length === 0) return `log in with: ${logIn}`;
  return `name the home that it is logged in under: pools.${pool}.home`;
}

function wayOfKey(keys: readonly string[], account: NamedAccount | null): string | null {
  const { pool = '', variables = {} } = account ?? {};
  const named = keys.find((key) => Object.hasOwn(variables, key));
  const source = named === undefined ? undefined : variables[named];
  if (source !== undefined) return `set ${source}, its ${named} by pools.${pool}.variables`;
  return keys[0] === undefined ? null : `set ${keys[0]}`;
}
