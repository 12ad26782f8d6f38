import { excludedPaths } from '../agents/excluded-paths.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { listPaths } from '../core/decision.ts';
import type { TaskSpec } from '../core/task.ts';
import { toText } from '../git/byte-path.ts';
import { treeOf } from '../git/depot.ts';
import { commitChanges, commitWithPatch } from '../git/fast-import.ts';
import type { CommitRequest } from '../git/fast-import.ts';
import { readLane, unresolvedConflicts } from '../git/lane.ts';
import { attemptRef } from '../git/lane-names.ts';
import type { Lane } from '../git/lane.ts';
import { diffPatch, diffRaw } from '../git/raw-diff.ts';
import type { Change } from '../git/walk.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { Collected } from './attempt-work.ts';
import { refusalOf } from './refusal.ts';
import { findLeaks, tellLeak } from './secret-scan.ts';

const DIFF_BYTES_MAX = 16 * 1024 * 1024;

/** Turns what the lane holds into one commit on the base, and checks what it changes. */
export async function collect(
  context: AttemptContext,
  spec: TaskSpec,
  lane: Lane,
): Promise<Collected | AttemptOutcome> {
  const { depot, pin, taskId, attempt, fence, clock, evidence } = context;
  const snapshot = await readLane(lane, {
    depot,
    stateDirectory: context.stateDirectory,
    excludes: pin.excludes,
    excluded: excludedPaths(pin.config, lane),
  });
  if (snapshot.refused.length > 0) {
    const paths = snapshot.refused.map(({ path }) => toText(path));
    const [first] = snapshot.refused;
    return { kind: 'policy', paths, why: `${listPaths(paths)} cannot be taken: ${first?.why ?? ''}` };
  }
  if (snapshot.changes.length === 0 && lane.content === lane.base) return { kind: 'no-change' };
  const [leak, ...more] = await findLeaks(context, lane, snapshot.changes);
  if (leak !== undefined) {
    const paths = [...new Set([leak, ...more].map(({ path }) => path))];
    const others = more.length === 0 ? '' : `, and so at ${more.length} more places`;
    return { kind: 'policy', paths, why: `${tellLeak(leak)}${others}: nothing of it was committed` };
  }
  const made = await commit(context, lane, {
    ref: attemptRef(taskId, attempt, fence.token),
    parent: lane.base,
    changes: snapshot.changes,
    root: lane.directory,
    message: `${spec.title}\n\nYard-Task: ${taskId}\nYard-Attempt: ${attempt}\n`,
    author: pin.config.identity,
    atMs: clock.nowMs(),
  });
  const { head, tree, changes } = made;
  if (changes.length === 0) return { kind: 'no-change' };
  await evidence.write('diff.patch', made.patch.subarray(0, DIFF_BYTES_MAX));
  const refusal = (await conflictOf(context, lane, head)) ?? (await refusalOf(context, spec, head, changes));
  if (refusal === null) return { kind: 'collected', head, tree };
  await context.store.progress(fence, taskId, attempt, { head });
  return refusal;
}

interface Made {
  readonly head: string;
  readonly tree: string;
  /** Against the base: earlier work that the lane was filled with included. */
  readonly changes: readonly Change[];
  readonly patch: Buffer;
}

async function commit({ depot }: AttemptContext, lane: Lane, request: Omit<CommitRequest, 'tree'>): Promise<Made> {
  const maxOutputBytes = 2 * DIFF_BYTES_MAX;
  if (lane.content === lane.base) {
    const { commit: head, tree, patch } = await commitWithPatch(depot, { ...request, tree: null }, maxOutputBytes);
    return { head, tree, changes: request.changes, patch };
  }
  const head = await commitChanges(depot, { ...request, tree: await treeOf(depot, lane.content) });
  const patch = await diffPatch(depot, lane.base, head, { stat: true, maxOutputBytes });
  return { head, tree: await treeOf(depot, head), changes: await diffRaw(depot, lane.base, head), patch };
}

async function conflictOf(context: AttemptContext, lane: Lane, head: string): Promise<AttemptOutcome | null> {
  const paths = await unresolvedConflicts(context.depot, lane, head);
  if (paths.length === 0) return null;
  return { kind: 'conflict', paths, why: `conflict markers are left in ${listPaths(paths)}` };
}
