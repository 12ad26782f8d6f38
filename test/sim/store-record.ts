import type { Fence, LeaseResource } from '../../src/core/lease.ts';
import type { YardEvent } from '../../src/core/yard-event.ts';

/** What a lease's row is after a change. */
export interface LeaseChange extends Fence {
  readonly resource: LeaseResource;
  readonly held: boolean;
}

/** What a store tells of itself, in the order in which it happened. */
export type StoreRecord =
  /** One transaction that changed something; `fences` are those that its caller acted by. */
  | {
      readonly kind: 'commit';
      readonly method: string;
      readonly fences: readonly Fence[];
      readonly events: readonly YardEvent[];
      readonly leases: readonly LeaseChange[];
    }
  /** A call that threw; nothing was changed. */
  | {
      readonly kind: 'write-refused';
      readonly method: string;
      readonly fences: readonly Fence[];
      readonly code: string | null;
    };
