import type { BlockedOn } from './task-state.ts';

/** What can happen to a task. `atMs` is wall-clock time. */
export type TaskEvent =
  | { readonly kind: 'proposal-valid' }
  | { readonly kind: 'proposal-invalid' }
  | { readonly kind: 'leased'; readonly attempt: number }
  | { readonly kind: 'accepted'; readonly head: string }
  | { readonly kind: 'product-failure'; readonly why: string }
  | {
      readonly kind: 'infrastructure-failure';
      readonly why: string;
      readonly atMs: number;
      /** When a provider said that it will serve again; null leaves it to the back-off. */
      readonly retryAtMs: number | null;
      /** The commit that stood at its gate when the attempt ended; null: there was none yet. */
      readonly collected: string | null;
    }
  | { readonly kind: 'person-needed'; readonly on: BlockedOn }
  | { readonly kind: 'integrity-failure'; readonly why: string }
  | {
      readonly kind: 'lease-lost';
      readonly why: string;
      readonly atMs: number;
      /** With others, or while no scheduler looked. */
      readonly together: boolean;
      readonly collected: string | null;
    }
  /** The attempt came to exactly what the one before it came to: a third would as well. */
  | { readonly kind: 'no-progress'; readonly why: string }
  /** Its pool, or a budget that it shares with others, had no room for it: it waits for that, and nothing is counted. */
  | { readonly kind: 'postponed'; readonly why: string; readonly pool: string | null }
  /** A person had the attempt ended, for no fault of the task. */
  | { readonly kind: 'interrupted'; readonly why: string }
  | { readonly kind: 'answered' }
  | { readonly kind: 'approved' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'boarded' }
  | { readonly kind: 'sealed' }
  | { readonly kind: 'unboarded' }
  | { readonly kind: 'landed'; readonly commit: string }
  /** `detail` reaches the agent: both sides of the conflict, or the tail of the red gate. */
  | { readonly kind: 'conflicted'; readonly why: string; readonly detail: string }
  /** Merged with what has landed since, its protected paths have a content that nobody has approved. */
  | { readonly kind: 'unapproved'; readonly on: BlockedOn & { readonly kind: 'approval' } }
  | { readonly kind: 'blamed'; readonly why: string; readonly detail: string }
  | { readonly kind: 'review-opened' }
  | { readonly kind: 'review-closed' }
  | { readonly kind: 'repair-wanted' }
  | { readonly kind: 'review-merged'; readonly commit: string }
  /** By a person: nothing more happens with it until it is put back. */
  | { readonly kind: 'parked'; readonly why: string }
  | { readonly kind: 'unparked' }
  /** It was put off; now it may start at once. */
  | { readonly kind: 'woken' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'superseded'; readonly by: string };

export type TaskEventKind = TaskEvent['kind'];

export type Actor = 'scheduler' | 'attempt' | 'decision' | 'train' | 'operator' | 'forge lane';

/** Who raises each event. */
export const EVENT_ACTOR: { readonly [K in TaskEventKind]: Actor } = {
  'proposal-valid': 'scheduler',
  'proposal-invalid': 'scheduler',
  leased: 'scheduler',
  accepted: 'attempt',
  'product-failure': 'decision',
  'infrastructure-failure': 'decision',
  'person-needed': 'attempt',
  'integrity-failure': 'decision',
  'lease-lost': 'scheduler',
  'no-progress': 'decision',
  postponed: 'decision',
  interrupted: 'operator',
  answered: 'operator',
  approved: 'operator',
  refused: 'operator',
  boarded: 'train',
  sealed: 'train',
  unboarded: 'train',
  landed: 'train',
  conflicted: 'train',
  blamed: 'train',
  unapproved: 'train',
  'review-opened': 'forge lane',
  'review-closed': 'forge lane',
  'repair-wanted': 'forge lane',
  'review-merged': 'forge lane',
  parked: 'operator',
  unparked: 'operator',
  woken: 'operator',
  cancelled: 'operator',
  superseded: 'operator',
};
