import type { Json } from '../../core/yard-event.ts';
import type { TaskSpec } from '../../core/task.ts';

/** What a demo shows: a project, tasks for it, and what the replay agent does for each. */
export interface Scenario {
  readonly name: string;
  /** Directory of the project. */
  readonly project: string;
  /** What to look out for; lines of at most 78 characters. */
  readonly introduction: readonly string[];
  /** Content of the project's files by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly tasks: readonly TaskSpec[];
  /** By task id, as `agents/recipe.ts` reads them. */
  readonly recipes: Readonly<Record<string, Json>>;
  /** What the demo answers, by the id of the task that asks. */
  readonly answers: Readonly<Record<string, string>>;
  /** Tasks whose change of protected paths the demo approves. */
  readonly approves: readonly string[];
  /** Commands worth a try at the end, and what they show. */
  readonly explore: readonly (readonly [command: string, shows: string])[];
}
