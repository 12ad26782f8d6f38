import type { AgentConfig, Config } from '../config/schema.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { expandPlace } from '../sandbox/granted-places.ts';

type Pools = Partial<Pick<Config, 'pools'>>;

/** What the configuration says of an account that a pool names. */
export interface NamedAccount {
  readonly pool: string;
  /** As it is written; null: the operator's own home. */
  readonly home: string | null;
  readonly login: 'operator' | 'own';
  /** Names that its agents get, for variables of the operator's environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Null: the pool is not under `pools`, so that the account is the operator's own. */
export function namedAccount({ pools = {} }: Pools, pool: string | null): NamedAccount | null {
  const account = pool !== null && Object.hasOwn(pools, pool) ? pools[pool] : undefined;
  if (pool === null || account === undefined) return null;
  return { pool, home: account.home, login: account.login, variables: account.variables };
}

/** Where the login files of an agent's account are; null: it is known by variables alone. */
export function accountHome(config: Pools, pool: string | null): string | null {
  const account = namedAccount(config, pool);
  if (account?.login === 'own') return null;
  return expandPlace(account?.home ?? '~');
}

/**
 * The whole environment of an agent, but for what its adapter and its turn add: what the configuration lets through, and
 * the variables of its account under the names that its program knows them by.
 */
export function agentEnvironment(
  { pools = {} }: Pools,
  agent: Pick<AgentConfig, 'environment' | 'pool'> | undefined,
  from: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const { pool = null, environment: { allow } = { allow: [] } } = agent ?? {};
  const environment = allowedEnvironment(allow, {}, from);
  const { variables = {} } = (pool !== null && Object.hasOwn(pools, pool) ? pools[pool] : undefined) ?? {};
  const renamed = Object.entries(variables).map(([name, source]) => [name, from[source]] as const);
  for (const source of Object.values(variables)) delete environment[source];
  for (const [name, value] of renamed) {
    // Never another account's by mistake.
    if (value === undefined) delete environment[name];
    else environment[name] = value;
  }
  return environment;
}
