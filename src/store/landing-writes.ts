import { isDefective } from '../process/failpoint.ts';
import type { Fence } from '../core/lease.ts';
import { IllegalTransitionError } from '../core/step.ts';
import { openIntent } from './intent-writes.ts';
import { requireFence } from './lease-writes.ts';
import { UnprovenError } from './store.ts';
import type { Intent } from './store.ts';
import { applyEvent, readProgress } from './task-progress.ts';
import { appendEvent } from './write.ts';
import type { Write } from './write.ts';

export type LandIntent = Intent & { kind: 'land' };
export type LandingResult = { readonly kind: 'landed' } | { readonly kind: 'undone'; readonly why: string };

export async function openLanding(write: Write, train: Fence, intent: LandIntent): Promise<number> {
  await requireFence(write, train, 'train');
  const proof = await write.db
    .selectFrom('verdicts')
    .select('key')
    .where('key', '=', intent.verdict)
    .where('tree', '=', intent.tree)
    .executeTakeFirst();
  if (proof === undefined && !isDefective('landed-unproved')) throw new UnprovenError(intent.taskId, intent.tree);
  const task = await readProgress(write, intent.taskId);
  if (task.state.status === 'landing' && task.state.attempt !== intent.attempt) {
    throw new IllegalTransitionError(task.state.status, 'sealed');
  }
  await applyEvent(write, task, { kind: 'sealed' });
  const id = await openIntent(write, intent);
  const { target, oldCommit, newCommit, tree, verdict } = intent;
  await appendEvent(write, 'landing.opened', { intentId: id, target, oldCommit, newCommit, tree, verdict }, intent);
  return id;
}

export async function closeLanding(write: Write, train: Fence, intentId: number, result: LandingResult): Promise<void> {
  await requireFence(write, train, 'train');
  const row = await write.db
    .updateTable('intents')
    .set({ closed_ms: write.nowMs })
    .where('id', '=', intentId)
    .where('kind', '=', 'land')
    .where('closed_ms', 'is', null)
    .returning('body')
    .executeTakeFirst();
  if (row === undefined) throw new Error(`there is no open landing ${intentId}`);
  const intent = JSON.parse(row.body) as LandIntent;
  await appendEvent(write, 'landing.closed', { intentId, result }, intent);
  const task = await readProgress(write, intent.taskId);
  const event =
    result.kind === 'landed'
      ? ({ kind: 'landed', commit: intent.newCommit } as const)
      : ({ kind: 'unboarded' } as const);
  await applyEvent(write, task, event);
}
