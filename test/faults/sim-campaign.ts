import { runSimulations } from '../sim/campaign.ts';
import type { Loss } from './fault.ts';

/** What a campaign of simulations came to. */
export interface SimulationCounts {
  readonly schedules: number;
  /** How many faults of each kind were injected. */
  readonly faults: Readonly<Record<string, number>>;
  /** With what repeats each. */
  readonly losses: readonly (Loss & { readonly repeat: string })[];
}

/** Plays simulated histories for so long. */
export async function simulateFor(seconds: number, seed: number): Promise<SimulationCounts> {
  const { histories, faults, failures } = await runSimulations({
    seed,
    histories: Infinity,
    maxMs: seconds * 1_000,
    maxFailures: Infinity,
  });
  const losses = failures.flatMap(({ seed: own, violations }) =>
    violations.map(({ promise, why }) => ({ promise, what: why, repeat: `npm run sim -- --seed ${own}` })),
  );
  return { schedules: histories, faults, losses };
}
