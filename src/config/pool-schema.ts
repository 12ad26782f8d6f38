import { z } from 'zod';

import type { PoolLimits } from '../core/pool.ts';
import { budgetSchema } from './budget-schema.ts';
import { duration } from './duration-schema.ts';
import { allow, count, secrets, text, variable } from './schema-parts.ts';

// `pools` of the configuration: accounts of providers, and what may be asked of them.

const concurrent = count(1, 1000).optional().meta({ description: 'Attempts at once; no limit but limits.concurrent' });

const home = text((value) => {
  if (value.includes('\0')) return 'has a NUL character';
  return /^(?:~(?:\/|$)|\/)/.test(value) ? null : 'is not an absolute path, nor one that begins with ~/';
});

export const poolSchema = z
  .strictObject({
    concurrent,
    models: z
      .record(z.string().min(1).max(200), z.strictObject({ concurrent: count(1, 1000) }))
      .default({})
      .meta({ description: 'Attempts at once with one model' }),
    minDelay: duration.prefault('0s').meta({ description: 'Least time between the starts of two attempts' }),
    dailyTurns: count(1, 1_000_000).optional().meta({ description: 'Turns in one day, by UTC' }),
    budget: budgetSchema.meta({ description: 'For one day, by UTC' }),
    home: home
      .optional()
      .meta({ description: 'The home directory that the account is logged in under; yours unless said' }),
    login: z.enum(['operator', 'own']).default('operator').meta({
      description: 'Whether login files are copied from the home; own: the account is known by variables alone',
    }),
    environment: z.strictObject({ allow }).prefault({}),
    variables: z.record(variable, variable).default({}).meta({
      description: 'Names that the agent gets for variables of your environment, such as ANTHROPIC_API_KEY: KEY_B',
    }),
    secrets,
  })
  .transform(({ concurrent: most, models, minDelay, dailyTurns, budget, home: place, ...account }) => ({
    ...account,
    home: place ?? null,
    limits: {
      concurrent: most ?? null,
      models: Object.fromEntries(Object.entries(models).map(([model, limit]) => [model, limit.concurrent])),
      minDelayMs: minDelay,
      dailyTurns: dailyTurns ?? null,
      budget,
    } satisfies PoolLimits,
  }));

type PoolEntry = z.output<typeof poolSchema>;

/** What the agents of a pool are given besides what they are given themselves. */
export function accountOf(
  pools: Readonly<Record<string, PoolEntry>>,
  name: string | null,
): { readonly allow: readonly string[]; readonly secrets: readonly string[] } {
  const pool = name !== null && Object.hasOwn(pools, name) ? pools[name] : undefined;
  return pool === undefined ? { allow: [], secrets: [] } : { allow: pool.environment.allow, secrets: pool.secrets };
}
