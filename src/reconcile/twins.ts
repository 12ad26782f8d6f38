import { isTwin } from '../core/task.ts';
import type { TaskSpec } from '../core/task.ts';
import { UserError } from '../core/user-error.ts';
import type { Store, TaskRow } from '../store/store.ts';
import type { SourcedTask } from '../trackers/tracker.ts';

/**
 * New tasks that ask for the same as one that is open (same owned paths, same objective) without naming it as
 * superseded: the work would be done twice, or the two would fight over it. They are not imported.
 */
export async function findTwins(
  added: readonly SourcedTask[],
  openRows: readonly TaskRow[],
  store: Pick<Store, 'task'>,
): Promise<Map<string, UserError>> {
  const twins = new Map<string, UserError>();
  const byScope = new Map<string, TaskSpec[]>();
  const rowsByScope = Map.groupBy(openRows, ({ owns }) => scopeKey(owns));
  for (const { spec, source } of added) {
    const key = scopeKey(spec.owns);
    let others = byScope.get(key);
    if (others === undefined) {
      // Only tasks of the same scope can be twins: no other spec is read.
      const records = await Promise.all((rowsByScope.get(key) ?? []).map(({ id }) => store.task(id)));
      others = records.flatMap((record) => (record === null ? [] : [record.spec]));
      byScope.set(key, others);
    }
    const replaced = new Set([...spec.supersedes, spec.id]);
    const twin = others.find(
      (other) => !replaced.has(other.id) && !other.supersedes.includes(spec.id) && isTwin(other, spec),
    );
    if (twin === undefined) others.push(spec);
    else twins.set(spec.id, twinError(spec, twin, source.path));
  }
  return twins;
}

function scopeKey(owns: readonly string[]): string {
  return JSON.stringify([...new Set(owns)].toSorted());
}

function twinError(spec: TaskSpec, twin: TaskSpec, file: string): UserError {
  return new UserError({
    code: 'task-twin',
    message: `${file}: ${spec.id} asks for the same as ${twin.id}: same objective, same owned paths`,
    hint: `To replace it, write supersedes: ${twin.id}; otherwise remove the file, or say how the two differ.`,
    place: { file },
  });
}
