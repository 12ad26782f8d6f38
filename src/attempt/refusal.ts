import type { AttemptOutcome } from '../core/attempt.ts';
import { scopeViolations } from '../core/scope-check.ts';
import type { TaskSpec } from '../core/task.ts';
import { toText } from '../git/byte-path.ts';
import { protectedContent } from '../git/protected-content.ts';
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
  const content = protectedContent(context.pin.config.protected, changes);
  if (content === null || (await context.store.isApproved(context.taskId, content.hash))) return null;
  return { kind: 'needs-approval', head, hash: content.hash, paths: content.paths };
}
