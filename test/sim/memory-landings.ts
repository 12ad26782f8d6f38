import type { Fence } from '../../src/core/lease.ts';
import { IllegalTransitionError } from '../../src/core/step.ts';
import { UnprovenError } from '../../src/store/store.ts';
import type { Intent, Store } from '../../src/store/store.ts';
import { openIntent } from './memory-intents.ts';
import { requireFence } from './memory-leases.ts';
import { applyEvent, readRecord } from './memory-progress.ts';
import { appendEvent } from './memory-write.ts';
import type { Write } from './memory-write.ts';

export type LandIntent = Intent & { kind: 'land' };
export type LandingResult = Parameters<Store['closeLanding']>[2];

export function openLanding(write: Write, train: Fence, intent: LandIntent): number {
  requireFence(write, train, 'train');
  if (write.tables.verdicts.get(intent.verdict)?.tree !== intent.tree) {
    throw new UnprovenError(intent.taskId, intent.tree);
  }
  const { state } = readRecord(write, intent.taskId);
  if (state.status === 'landing' && state.attempt !== intent.attempt) {
    throw new IllegalTransitionError(state.status, 'sealed');
  }
  applyEvent(write, intent.taskId, { kind: 'sealed' });
  const intentId = openIntent(write, intent);
  const { target, oldCommit, newCommit, tree, verdict } = intent;
  appendEvent(write, 'landing.opened', { intentId, target, oldCommit, newCommit, tree, verdict }, intent);
  return intentId;
}

export function closeLanding(write: Write, train: Fence, intentId: number, result: LandingResult): void {
  requireFence(write, train, 'train');
  const stored = write.tables.intents.get(intentId);
  if (stored?.intent.kind !== 'land' || stored.closedMs !== null) {
    throw new Error(`there is no open landing ${intentId}`);
  }
  const { intent } = stored;
  write.tables.intents.set(intentId, { ...stored, closedMs: write.nowMs });
  appendEvent(write, 'landing.closed', { intentId, result }, intent);
  applyEvent(
    write,
    intent.taskId,
    result.kind === 'landed' ? { kind: 'landed', commit: intent.newCommit } : { kind: 'unboarded' },
  );
}
