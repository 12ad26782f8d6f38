import { join } from 'node:path';

import type { Turn } from '../agent.ts';

/** The file in the outbox by which a program reports that has no other way. */
export const RESULT_FILE = 'result.json';
/** The task as JSON, for programs that would rather not read the prompt. */
export const TASK_FILE = 'task.json';

/** What every agent finds in its environment. */
export function turnVariables(turn: Turn): Record<string, string> {
  return {
    YARD_TASK_ID: turn.taskId,
    YARD_ATTEMPT: String(turn.attempt),
    YARD_TOKEN: String(turn.token),
    YARD_BASE_SHA: turn.baseCommit,
    YARD_TASK: join(turn.outbox, TASK_FILE),
    YARD_RESULT: join(turn.outbox, RESULT_FILE),
  };
}
