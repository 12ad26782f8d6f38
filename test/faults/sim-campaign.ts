import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Loss } from './fault.ts';

/** What a campaign of simulations came to. */
export interface SimulationCounts {
  readonly schedules: number;
  /** How many faults of each kind were injected: `crash`, `lease-lost`, `clock-jump`, … */
  readonly faults: Readonly<Record<string, number>>;
  /** With what repeats each. */
  readonly losses: readonly (Loss & { readonly repeat: string })[];
}

export interface SimulationOptions {
  readonly seconds: number;
  readonly seed: number;
}

/** What `test/sim/campaign.ts` exports. */
export interface SimulationCampaign {
  readonly runSimulations: (options: SimulationOptions) => Promise<SimulationCounts>;
}

/** The simulation, where there is one. */
export async function loadSimulation(): Promise<SimulationCampaign | null> {
  const path = join(import.meta.dirname, '../sim/campaign.ts');
  if (!existsSync(path)) return null;
  return (await import(pathToFileURL(path).href)) as SimulationCampaign;
}
