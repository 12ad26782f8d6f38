import type { AttemptOutcome } from '../../core/attempt.ts';
import { inertLine } from '../../core/inert.ts';
import { matches, parsePattern } from '../../core/scope.ts';
import { shellWord } from '../../core/shell-word.ts';
import type { TaskState } from '../../core/task-state.ts';
import type { StoreReader } from '../../store/store.ts';

const PATHS_MAX = 5;

/** How `yard park` begins the reason of a task that a person has parked. */
export const BY_A_PERSON = 'by a person';

export interface ParkedTask {
  readonly id: string;
  readonly state: TaskState;
  /** As they are now. */
  readonly owns: readonly string[];
}

/** What a person can do about a parked task. */
export interface Remedy {
  /** Takes the place of the mere advice to put it back. */
  readonly sentence: string;
  /** To be typed one after the other. */
  readonly commands: readonly string[];
}

/** By the newest attempt of the task; null where nothing is known but to put it back. */
export async function findRemedy(reader: Pick<StoreReader, 'attempts'>, task: ParkedTask): Promise<Remedy | null> {
  if (task.state.status !== 'parked') return null;
  return remedyFor(task, (await reader.attempts(task.id)).at(-1)?.outcome ?? null);
}

/** What a person can change about a task that is parked, before they put it back; null: nothing that is known. */
export function remedyFor({ id, state, owns }: ParkedTask, outcome: AttemptOutcome | null): Remedy | null {
  if (outcome === null || state.status !== 'parked' || state.why.startsWith(BY_A_PERSON)) return null;
  const unpark = `yard unpark ${id}`;
  switch (outcome.kind) {
    case 'scope': {
      if (outcome.violations.some(({ why }) => why === 'forbidden'))
        return {
          sentence: `change its scope: yard edit ${id}, then: ${unpark}`,
          commands: [`yard edit ${id}`, unpark],
        };
      const outside = outcome.violations.map(({ path }) => path).filter((path) => !isOwned(path, owns));
      // It was let in the meantime.
      if (outside.length === 0) return null;
      if (outside.length > PATHS_MAX)
        return { sentence: `widen its scope: yard edit ${id}, then: ${unpark}`, commands: [`yard edit ${id}`, unpark] };
      const options = outside.map((path) => `--add-owns ${shellWord(inertLine(path, 200))}`).join(' ');
      const edit = `yard edit ${id} ${options}`;
      return { sentence: `let it: ${edit}, then: ${unpark}`, commands: [edit, unpark] };
    }
    case 'gate-red':
    case 'audit-needs-fix':
    case 'no-change':
    case 'no-packet':
      return {
        sentence: `look with: yard logs ${id}; say it in other words: yard edit ${id}, then: ${unpark}; or replace it: yard supersede ${id} "…"`,
        commands: [`yard logs ${id}`, `yard edit ${id}`, unpark],
      };
    default:
      return null;
  }
}

function isOwned(path: string, owns: readonly string[]): boolean {
  if (owns.length === 0) return true;
  return owns.some((text) => {
    const result = parsePattern(text);
    return result.kind === 'ok' && matches(result.pattern, path);
  });
}
