import type { Checkpoint } from '../core/issue-tools.ts';
import type { Handover } from '../core/prompt-handover.ts';
import type { AttemptRecord } from '../store/store.ts';
import type { AttemptContext } from './attempt-context.ts';
import { readEarlierJson } from './earlier-evidence.ts';

/** Evidence of an attempt: what its agent said last of its progress. */
const CHECKPOINT_FILE = 'checkpoint.json';

/** Keeps what the agent of this attempt said last of its progress, for one that may take over. */
export async function keepCheckpoint(context: AttemptContext, checkpoint: Checkpoint | null): Promise<void> {
  if (checkpoint !== null) await context.evidence.writeJson(CHECKPOINT_FILE, checkpoint);
}

/**
 * Whose work this attempt goes on with: who took the last turn before it, since an attempt may end without one. Null:
 * there is none, or it was the same agent's.
 * @param attempts of the task, the oldest first.
 */
export async function findHandover(
  context: AttemptContext,
  attempts: readonly AttemptRecord[],
): Promise<Handover | null> {
  const { store, taskId, attempt, agentSpec: to } = context;
  const turn = (await store.turns(taskId)).findLast((one) => one.attempt < attempt);
  if (turn === undefined || turn.agent === to) return null;
  const outcome = attempts.findLast((record) => record.attempt < attempt)?.outcome ?? null;
  const why = outcome !== null && 'why' in outcome ? outcome.why : (outcome?.kind ?? 'it was interrupted');
  const checkpoint = toCheckpoint(await readEarlierJson(context, turn.attempt, CHECKPOINT_FILE));
  return { from: turn.agent, to, why, checkpoint };
}

function toCheckpoint(data: unknown): Checkpoint | null {
  if (typeof data !== 'object' || data === null) return null;
  const { phase, focus, nextAction, blockers, evidence } = data as Readonly<Record<string, unknown>>;
  if (typeof phase !== 'string' || typeof focus !== 'string') return null;
  return {
    phase,
    focus,
    nextAction: typeof nextAction === 'string' ? nextAction : null,
    blockers: texts(blockers),
    evidence: texts(evidence),
  };
}

function texts(data: unknown): string[] {
  return Array.isArray(data) ? data.filter((entry) => typeof entry === 'string') : [];
}
