/** What a task asks for. Read from a task file (or a tracker); it never says how far the task has come. */
export interface TaskSpec {
  /** `PREFIX-NUMBER`, see {@link isTaskId}. */
  readonly id: string;
  readonly title: string;
  readonly area: string | null;
  readonly objective: string;
  readonly acceptance: readonly string[];
  readonly context: string;
  /** Path patterns that the task may change (`scope.ts`); none means unscoped. */
  readonly owns: readonly string[];
  /** Path patterns that it must not change; they win over `owns`. */
  readonly forbids: readonly string[];
  /** Ids of tasks that must have landed before this one starts. */
  readonly after: readonly string[];
  /** Name of a gate in the configuration; null takes the default. */
  readonly gate: string | null;
  /** Agent spec `name[:model[:effort]]`; null takes the default. */
  readonly agent: string | null;
  /** Higher goes first; 0 unless said. */
  readonly priority: number;
  /** Ids of tasks that this one replaces. */
  readonly supersedes: readonly string[];
  readonly testPolicy: string | null;
  /** Sections and keys that Yardmaster does not know. They reach the agent as they are. */
  readonly extra: readonly ExtraSection[];
}

export interface ExtraSection {
  readonly heading: string;
  readonly text: string;
}

const TASK_ID = /^[A-Za-z][A-Za-z0-9_]{0,31}-[0-9]{1,9}$/;

/** Ids become branch names, ref names and directory names, so only this alphabet passes. */
export function isTaskId(text: string): boolean {
  return TASK_ID.test(text);
}

/** Two ids that differ only in case would share a directory on some file systems. */
export function taskIdKey(id: string): string {
  return id.toLowerCase();
}

/** True when two tasks ask for the same work: same owned paths, same objective (white space aside). */
export function isTwin(a: TaskSpec, b: TaskSpec): boolean {
  return twinKey(a) === twinKey(b);
}

/** The same for twins, and for no others. */
export function twinKey({ objective, owns }: TaskSpec): string {
  return JSON.stringify([squeeze(objective), ...[...new Set(owns)].toSorted()]);
}

function squeeze(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase();
}
