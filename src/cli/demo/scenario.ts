import type { Json } from '../../core/yard-event.ts';
import type { TaskSpec } from '../../core/task.ts';
import type { TaskStatus } from '../../core/task-state.ts';

/** Where a demo was made. */
export interface DemoPlaces {
  /** All of it is below. */
  readonly directory: string;
  /** The operator's checkout. */
  readonly root: string;
  readonly stateDirectory: string;
}

export type Explored = readonly [command: string, shows: string];

/** What became of something that was tried. */
export interface ReviewRow {
  readonly what: string;
  readonly became: string;
  readonly isBad: boolean;
}

/** A real program at work in a demo. */
export interface DemoWorker {
  readonly spec: string;
  /** A scripted model stands in for its provider: it does what the recipes say. */
  readonly isStubbed: boolean;
}

/** What a demo shows: a project, tasks for it, and what the replay agent does for each. */
export interface Scenario {
  readonly name: string;
  /** Directory of the project. */
  readonly project: string;
  /** What to look out for; lines of at most 78 characters. */
  readonly introduction: readonly string[];
  /** The same where a real program works in the place of the scripted agent. */
  readonly introduce?: (program: DemoWorker) => readonly string[];
  /** Content of the project's files by path. */
  readonly files: Readonly<Record<string, string>>;
  /** In the checkout besides, not committed. */
  readonly untracked?: Readonly<Record<string, string>>;
  readonly tasks: readonly TaskSpec[];
  /** By task id, as `agents/recipe.ts` reads them. */
  readonly recipes: Readonly<Record<string, Json>>;
  /** What the demo answers, by the id of the task that asks. */
  readonly answers: Readonly<Record<string, string>>;
  /** Tasks whose change of protected paths the demo approves. */
  readonly approves: readonly string[];
  /** Tasks that do not land, with the status that they are to come to. */
  readonly settles?: Readonly<Record<string, TaskStatus>>;
  /** Variables that the agent gets as secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Told at the end. Nothing runs any more. */
  readonly review?: (places: DemoPlaces) => readonly ReviewRow[];
  /** Commands worth a try at the end, and what they show. */
  readonly explore: readonly Explored[];
  /** Instead, where a real model has worked: what it did, nobody knows before. */
  readonly exploreOpen?: readonly Explored[];
}
