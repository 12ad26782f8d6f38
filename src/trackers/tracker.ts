import type { TaskSpec } from '../core/task.ts';
import type { TaskStatus } from '../core/task-state.ts';
import type { UserError } from '../core/user-error.ts';
import type { TaskSource } from '../store/store.ts';

/** What a tracker needs to know of a task in the store; a `TaskRow` is one. */
export interface KnownTask {
  readonly id: string;
  readonly state: { readonly status: TaskStatus };
  readonly source: TaskSource | null;
}

/** A task as its source has it now; goes to `Store.importTasks`. */
export interface SourcedTask {
  readonly spec: TaskSpec;
  readonly source: TaskSource;
}

/** How a source differs from the store. */
export interface TaskChanges {
  /** Tasks that are new, or whose source has another content or place than the row. */
  readonly imports: readonly SourcedTask[];
  /** Ids of rows, not final ones, whose source has gone. */
  readonly removed: readonly string[];
  /** What a person must mend; the other tasks are not touched by it. Told again each time, as long as it lasts. */
  readonly problems: readonly UserError[];
  readonly warnings: readonly string[];
}

/** Where tasks come from. */
export interface Tracker {
  /**
   * `rows` are all tasks of the store. After the first call those that are final may be left out: a row that was there
   * and is no longer has become final. One call at a time.
   */
  changes(rows: readonly KnownTask[]): Promise<TaskChanges>;
}
