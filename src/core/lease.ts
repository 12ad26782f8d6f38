import type { ProcessIdentity } from './process-identity.ts';

/**
 * What a lease is on: one task's attempt, the yard's scheduling, its train, a doctor's gate, one clean checkout, or what is
 * installed once.
 */
export type LeaseResource =
  | 'scheduler'
  | 'train'
  | 'doctor'
  | `task:${string}`
  | `slot:${number}`
  | `prewarm:${string}`;

export function taskResource(taskId: string): LeaseResource {
  return `task:${taskId}`;
}

/** The proof that its holder may act: any write that carries an outdated token changes nothing. */
export interface Fence {
  readonly resource: LeaseResource;
  readonly token: number;
}

export interface Lease extends Fence {
  /** Null: handed out, but not claimed yet. */
  readonly owner: ProcessIdentity | null;
  /** The boot in which `expiresMonotonicMs` counts. */
  readonly bootId: string;
  readonly expiresMonotonicMs: number;
}

/** How long a lease holds without a heartbeat, and how often its owner renews it. */
export const LEASE_MS = 60_000;
export const HEARTBEAT_MS = 10_000;
