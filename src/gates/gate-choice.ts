import { availableParallelism } from 'node:os';

import type { Pin } from '../config/pin.ts';
import type { Config, GateConfig } from '../config/schema.ts';
import type { Redactor } from '../core/redact.ts';
import type { Depot } from '../git/depot.ts';
import type { Cells } from '../sandbox/cells.ts';
import type { Store } from '../store/store.ts';
import type { GateSetting } from './gate.ts';

/** The gate of a task. Its configuration was checked when the scheduler pinned it. */
export function gateOf(config: Config, gateName: string | null): { name: string; gate: GateConfig } {
  const name = gateName ?? config.defaults.gate;
  const gate = config.gates[name];
  if (gate === undefined) throw new Error(`the gate ${name} is not configured`);
  return { name, gate };
}

/** For gates of attempts, which share `limits.gates` slots (as many as there are cores, unless said). */
export function gateSetting(places: {
  readonly store: Store;
  readonly depot: Depot;
  readonly stateDirectory: string;
  readonly pin: Pin;
  readonly cells: Cells;
  readonly redactor: Redactor;
}): GateSetting {
  const { config, repository } = places.pin;
  return {
    store: places.store,
    depot: places.depot,
    stateDirectory: places.stateDirectory,
    repositoryRoot: repository.root,
    provision: config.provision,
    prewarm: config.prewarm,
    cells: places.cells,
    prewarmCell: config.sandbox.prewarm,
    redactor: places.redactor,
    killGraceMs: config.limits.killGraceMs,
    slots: config.limits.gates ?? availableParallelism(),
  };
}
