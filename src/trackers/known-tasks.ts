import { isFinal } from '../core/task-state.ts';
import { taskIdKey } from '../core/task.ts';
import type { KnownTask } from './tracker.ts';

/** What a tracker has been told about the store's tasks, over all calls. Ten thousand rows at each: what can wait, waits. */
export class KnownTasks {
  /** Tasks that are not final, by id. */
  live: ReadonlyMap<string, KnownTask> = new Map();
  readonly finalPaths = new Set<string>();
  readonly #finalIds = new Set<string>();
  readonly #final = new Map<string, string | null>();
  #byKey: ReadonlyMap<string, KnownTask> | null = null;
  #byPath: ReadonlyMap<string, KnownTask> | null = null;

  learn(rows: readonly KnownTask[]): void {
    const live = new Map<string, KnownTask>();
    for (const row of rows) {
      if (isFinal(row.state.status)) this.#addFinal(row);
      else live.set(row.id, row);
    }
    for (const [id, row] of this.live) if (!live.has(id)) this.#addFinal(row);
    this.live = live;
    this.#byKey = null;
    this.#byPath = null;
  }

  /** A task that is not final, by its id without regard to case. */
  liveByKey(key: string): KnownTask | undefined {
    this.#byKey ??= new Map([...this.live.values()].map((row) => [taskIdKey(row.id), row]));
    return this.#byKey.get(key);
  }

  /** A task that is not final, by the path that it came from. */
  liveByPath(path: string): KnownTask | undefined {
    this.#byPath ??= new Map(
      [...this.live.values()].flatMap((row) => (row.source === null ? [] : [[row.source.path, row]])),
    );
    return this.#byPath.get(path);
  }

  /** The path of a final task, null if it has none; undefined for a task that is not final. Without regard to case. */
  finalPath(key: string): string | null | undefined {
    return this.#final.get(key);
  }

  #addFinal(row: KnownTask): void {
    if (this.#finalIds.has(row.id)) return;
    this.#finalIds.add(row.id);
    this.#final.set(taskIdKey(row.id), row.source?.path ?? null);
    if (row.source !== null) this.finalPaths.add(row.source.path);
  }
}
