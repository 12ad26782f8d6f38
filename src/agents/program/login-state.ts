import { existsSync } from 'node:fs';
import { join } from 'node:path';

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

/** How an operator logs in to a program, as the end of a sentence; null: it keeps that to itself. */
export function howToLogIn({ logIn, keys }: Pick<Adapter, 'logIn' | 'keys'>): string | null {
  const [first] = keys;
  const key = first === undefined ? null : `set ${first}`;
  if (logIn === null) return key;
  return key === null ? `log in with: ${logIn}` : `log in with: ${logIn}; or ${key}`;
}
