import { createHash } from 'node:crypto';

import { excludedPaths } from '../agents/excluded-paths.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { failureText } from '../core/failure-text.ts';
import { gateOf } from '../gates/gate-choice.ts';
import { treeOf } from '../git/depot.ts';
import { openLane, readLane } from '../git/lane.ts';
import { errnoOf } from '../process/errno.ts';
import type { AttemptContext } from './attempt-context.ts';

/**
 * Equal for two attempts that came to the same failure with the same files, from the same base and the same task. Null:
 * not to be compared.
 */
export async function signatureOf(context: AttemptContext, outcome: AttemptOutcome): Promise<string | null> {
  const failure = failureText(outcome);
  if (failure === null) return null;
  const { store, depot, taskId, attempt, pin } = context;
  const task = await store.task(taskId);
  const record = (await store.attempts(taskId)).find((one) => one.attempt === attempt);
  if (task === null || record === undefined) return null;
  try {
    const base = record.base === null ? null : await treeOf(depot, record.base);
    const head = 'head' in outcome ? outcome.head : record.head;
    const work = head === null ? await laneContent(context) : await treeOf(depot, head);
    const gate = gateOf(pin.config, task.spec.gate);
    const material = { failure, base, work, spec: task.spec, agent: record.agent, gate: [gate.name, gate.gate.run] };
    return createHash('sha256').update(JSON.stringify(material)).digest('hex');
  } catch (error) {
    // What cannot be read (a full disk, a lane that was taken away) cannot be compared; the outcome counts all the same.
    const isFatal = error instanceof Error && 'syscall' in error && error.syscall === 'fsync';
    if (isFatal || errnoOf(error) === null) throw error;
    return null;
  }
}

/** What the agent has left, where no commit was made of it. */
async function laneContent(context: AttemptContext): Promise<unknown> {
  const { depot, stateDirectory, taskId, pin } = context;
  const lane = await openLane(depot, stateDirectory, taskId);
  if (lane === null) return null;
  const excluded = excludedPaths(pin.config, lane);
  const { changes, refused } = await readLane(lane, { depot, stateDirectory, excludes: pin.excludes, excluded });
  return { content: await treeOf(depot, lane.content), changes, refused: refused.map(({ path }) => path) };
}
