import { NO_POOL_LIMITS } from '../core/pool.ts';
import type { PoolLimits } from '../core/pool.ts';

// Without the schema: what only looks at a yard needs the limits, and loads no library to check them with.

/** Those of a pool that no entry says anything of. */
export function limitsOfPool(
  name: string,
  { pools }: { readonly pools?: Readonly<Record<string, { readonly limits: PoolLimits }>> },
): PoolLimits {
  return pools !== undefined && Object.hasOwn(pools, name) ? (pools[name]?.limits ?? NO_POOL_LIMITS) : NO_POOL_LIMITS;
}
