import { impossible } from '../core/impossible.ts';
import type { Intent } from './store.ts';
import type { Write } from './write.ts';

export async function openIntent(write: Write, intent: Intent): Promise<number> {
  const { taskId, attempt } = aboutOf(intent);
  const { insertId } = await write.db
    .insertInto('intents')
    .values({
      kind: intent.kind,
      task_id: taskId,
      attempt,
      body: JSON.stringify(intent),
      opened_ms: write.nowMs,
      closed_ms: null,
    })
    .executeTakeFirstOrThrow();
  return Number(insertId);
}

function aboutOf(intent: Intent): { readonly taskId: string | null; readonly attempt: number | null } {
  switch (intent.kind) {
    case 'spawn':
    case 'land':
      return intent;
    case 'kill':
      return intent.subject.of === 'attempt' ? intent.subject : { taskId: null, attempt: null };
    default:
      throw impossible(intent satisfies never);
  }
}
