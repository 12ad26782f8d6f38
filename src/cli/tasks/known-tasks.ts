import { codeOf } from '../../core/error-code.ts';
import type { KnownSpec } from '../../config/backlog-specs.ts';
import { isFinal } from '../../core/task-state.ts';
import { taskIdKey } from '../../core/task.ts';
import type { StoreReader } from '../../store/store.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import type { CommandContext } from '../context.ts';

/** All tasks there are: those in files, and those that the store knows. */
export async function knownTasks(context: CommandContext, root: string): Promise<KnownSpec[]> {
  const { imports } = await new LocalTaskSource(root).changes([]);
  const known = new Map<string, KnownSpec>();
  for (const { spec } of imports) known.set(taskIdKey(spec.id), { id: spec.id, spec, open: true });
  await withReader(context, async (reader) => {
    for (const row of await reader.rows()) {
      const key = taskIdKey(row.id);
      const open = !isFinal(row.state.status);
      const spec = known.get(key)?.spec ?? (open ? ((await reader.task(row.id))?.spec ?? null) : null);
      known.set(key, { id: row.id, spec, open });
    }
  });
  return [...known.values()];
}

/** Looks into the store; null where nothing has run yet, and the files are all there is. */
export async function withReader<T>(
  { compose, cwd }: CommandContext,
  look: (reader: StoreReader) => Promise<T>,
): Promise<T | null> {
  const reader = await openedReader({ compose, cwd });
  if (reader === null) return null;
  try {
    return await look(reader);
  } finally {
    await reader.close();
  }
}

async function openedReader({ compose, cwd }: Pick<CommandContext, 'compose' | 'cwd'>): Promise<StoreReader | null> {
  try {
    return (await compose.reading(cwd)).reader;
  } catch (error) {
    if (codeOf(error) === 'no-yard') return null;
    throw error;
  }
}
