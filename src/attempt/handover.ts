import type { Checkpoint } from '../core/issue-tools.ts';
import type { Handover } from '../core/prompt-handover.ts';
import { readFileBeneath } from '../process/file.ts';
import type { AttemptRecord } from '../store/store.ts';
import type { AttemptContext } from './attempt-context.ts';
import { evidenceDirectory } from './evidence-directory.ts';

const CHECKPOINT_FILE = 'checkpoint.json';
const CHECKPOINT_BYTES_MAX = 256 * 1024;

/** For the attempt after this one: what the agent last said of where its work is. */
export function keepCheckpoint(context: AttemptContext, checkpoint: Checkpoint): Promise<void> {
  return context.evidence.writeJson(CHECKPOINT_FILE, checkpoint);
}

/** What the newest attempt before this one left; null: there was none. */
export async function handoverOf(
  context: AttemptContext,
  attempts: readonly AttemptRecord[],
): Promise<Handover | null> {
  const last = attempts.findLast(({ attempt }) => attempt < context.attempt);
  if (last === undefined) return null;
  const directory = evidenceDirectory(context.stateDirectory, context.taskId, last.attempt);
  return { from: last.agent, isOther: last.agent !== context.agentSpec, checkpoint: await readCheckpoint(directory) };
}

/** It was checked when it was taken; an agent without a sandbox may have put anything in its place. */
async function readCheckpoint(directory: string): Promise<Checkpoint | null> {
  const file = await readFileBeneath(directory, CHECKPOINT_FILE, { maxBytes: CHECKPOINT_BYTES_MAX });
  if (file.kind !== 'ok') return null;
  try {
    const found = JSON.parse(file.data.toString('utf8')) as Partial<Record<keyof Checkpoint, unknown>> | null;
    const { phase, focus, nextAction = null, blockers, evidence } = found ?? {};
    if (typeof phase !== 'string' || typeof focus !== 'string') return null;
    const next = typeof nextAction === 'string' ? nextAction : null;
    return { phase, focus, nextAction: next, blockers: texts(blockers), evidence: texts(evidence) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
