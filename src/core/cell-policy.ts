import type { SandboxWish } from './sandbox-choice.ts';

/** What a cell may use at most. */
export interface CellLimits {
  /** Of all its processes together. Null: four fifths of the machine's. */
  readonly memoryBytes: number | null;
  /** Processes and threads at once. */
  readonly processes: number;
  /** Of one file. */
  readonly fileBytes: number;
  /** What may be added to its lane, its home and its temporary directory. */
  readonly diskBytes: number;
  readonly nice: number;
  /** Where the configuration says them, for whoever is ended at one: `sandbox.agents.limits.memory`. */
  readonly keys?: { readonly memory: string; readonly disk: string };
}

/** Everything, nothing, or hosts by name. */
export type Network = 'open' | 'none' | readonly string[];

/** What the operator wants of a cell, complete. */
export interface CellPolicy {
  readonly kind: SandboxWish;
  readonly network: Network;
  /** It was said, and is not only what goes without saying. */
  readonly networkAsked: boolean;
  /** Places that may be read besides: absolute, or beginning with `~/`. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly limits: CellLimits;
  /** Of a container. */
  readonly image: string | null;
  readonly engine: 'auto' | 'docker' | 'podman';
}
