import type { GateConfig, PrewarmEntry, ProvisionEntry } from '../config/schema.ts';
import type { Redactor } from '../core/redact.ts';
import type { Fence } from '../core/lease.ts';
import type { Depot } from '../git/depot.ts';
import type { Cells } from '../sandbox/cells.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import type { Store } from '../store/store.ts';

/** What a gate is run with: the yard's places and the parts of the configuration that bear on it. */
export interface GateSetting {
  readonly store: Store;
  readonly depot: Depot;
  readonly stateDirectory: string;
  /** The operator's checkout, where provisioned files come from. */
  readonly repositoryRoot: string;
  readonly provision: readonly ProvisionEntry[];
  readonly prewarm: readonly PrewarmEntry[];
  readonly cells: Cells;
  /** Of prewarms. */
  readonly prewarmCell: CellPolicy;
  /** What a gate or a prewarm prints passes it. */
  readonly redactor: Redactor;
  readonly killGraceMs: number;
  /** Gates that may run at once; null: this one waits for nobody. */
  readonly slots: number | null;
}

export interface GateRequest {
  readonly name: string;
  readonly gate: GateConfig;
  /** Object id of the tree that is tested. */
  readonly tree: string;
  readonly log: string;
  /** Of the attempt or the train that asks: a green is written down under it. */
  readonly fence: Fence;
  /** Carried by every process of the gate. */
  readonly marker: string;
  readonly signal: AbortSignal;
}

export type GateResult =
  | {
      readonly kind: 'green';
      /** Of the recorded verdict. */
      readonly key: string;
      readonly reused: boolean;
      readonly durationMs: number;
      readonly evidence: string;
    }
  | { readonly kind: 'red'; readonly summary: string; readonly logTail: string; readonly durationMs: number }
  /** The machine's fault: says nothing about the tree. */
  | { readonly kind: 'infrastructure'; readonly why: string }
  | { readonly kind: 'cancelled' };
