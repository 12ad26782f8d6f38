import { createHash } from 'node:crypto';

import type { AttemptOutcome } from '../core/attempt.ts';
import { protectedPaths, scopeViolations } from '../core/scope-check.ts';
import type { TaskSpec } from '../core/task.ts';
import { toText } from '../git/byte-path.ts';
import type { Change } from '../git/walk.ts';
import type { AttemptContext } from './attempt-context.ts';

/**
 * Why a commit with these changes may not go to its gate, by the scope of the task and the protected paths as they are
 * now; null: it may. Asked of every commit, however it came about.
 */
export async function refusalOf(
  context: Pick<AttemptContext, 'pin' | 'store' | 'taskId'>,
  spec: TaskSpec,
  head: string,
  changes: readonly Change[],
): Promise<AttemptOutcome | null> {
  const paths = changes.map(({ path }) => toText(path));
  const violations = scopeViolations(spec, paths);
  if (violations.length > 0) return { kind: 'scope', violations };
  const guarded = protectedPaths(context.pin.config.protected, paths);
  if (guarded.length === 0) return null;
  const hash = approvalHash(changes.filter(({ path }) => guarded.includes(toText(path))));
  if (await context.store.isApproved(context.taskId, hash)) return null;
  return { kind: 'needs-approval', head, hash, paths: guarded };
}

/** Over the content of the protected paths, so that an approval covers exactly what was looked at, on any base. */
function approvalHash(changes: readonly Change[]): string {
  const hash = createHash('sha256');
  for (const { path, mode, oid } of changes)
    hash.update(`${path}\0${oid === null ? 'gone' : `${mode} ${oid}`}\0`, 'latin1');
  return hash.digest('hex');
}
