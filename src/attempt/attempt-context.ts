import type { Agent } from '../agents/agent.ts';
import type { Pin } from '../config/pin.ts';
import type { Clock } from '../core/clock.ts';
import type { Fence } from '../core/lease.ts';
import type { Redactor } from '../core/redact.ts';
import type { Depot } from '../git/depot.ts';
import type { Cells } from '../sandbox/cells.ts';
import type { Store } from '../store/store.ts';
import type { Evidence } from './evidence.ts';

/** What all phases of one attempt share. */
export interface AttemptContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly depot: Depot;
  readonly stateDirectory: string;
  readonly pin: Pin;
  readonly cells: Cells;
  /** What is kept or shown passes it. */
  readonly redactor: Redactor;
  /** The adapter for an agent spec. @throws UserError for one that is not configured. */
  readonly agentFor: (spec: string) => Promise<Agent>;
  /** The agent that the attempt was dispatched with. */
  readonly agentSpec: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly fence: Fence;
  readonly marker: string;
  readonly evidence: Evidence;
  /** Fires when the lease is lost: whatever runs is to end, nothing more is to be written. */
  readonly signal: AbortSignal;
}
