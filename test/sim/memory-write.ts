import type { RetryPolicy } from '../../src/core/task-state.ts';
import type { MemoryTables } from './memory-tables.ts';

/** One open transaction, with all that a change needs to know. */
export interface Write {
  readonly tables: MemoryTables;
  readonly nowMs: number;
  readonly policy: RetryPolicy;
  /** A deliberate defect: outdated tokens are as good as current ones. */
  readonly acceptsStale: boolean;
}

export function appendEvent(
  write: Write,
  type: string,
  data: unknown,
  about: { readonly taskId?: string; readonly attempt?: number | null } = {},
): void {
  const { taskId = null, attempt = null } = about;
  write.tables.append({ atMs: write.nowMs, taskId, attempt, type, data });
}
