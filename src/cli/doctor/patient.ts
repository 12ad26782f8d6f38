import type { Config } from '../../config/schema.ts';
import type { TaskSpec } from '../../core/task.ts';
import type { Repository } from '../../git/repository.ts';
import type { TaskRow } from '../../store/store.ts';
import type { CommandContext, Reading, StatePlaces } from '../context.ts';

/** What the checks have learned so far. A check that needs another one finds that one's facts here. */
export class Patient {
  readonly context: CommandContext;
  readonly #facts: Partial<Facts> = {};

  constructor(context: CommandContext) {
    this.context = context;
  }

  learn<K extends keyof Facts>(name: K, fact: Facts[K]): void {
    this.#facts[name] = fact;
  }

  /** Throws where the check that learns it is not among the `needs`. */
  know<K extends keyof Facts>(name: K): Facts[K] {
    const fact = this.#facts[name];
    if (fact === undefined) throw new Error(`no check has learned the ${name}`);
    return fact;
  }

  /** Null where it could not be learned. */
  may<K extends keyof Facts>(name: K): Facts[K] | null {
    return (this.#facts[name] as Facts[K] | undefined) ?? null;
  }

  async dispose(): Promise<void> {
    await this.#facts.reading?.reader.close();
  }
}

interface Facts {
  readonly repository: Repository;
  readonly places: StatePlaces;
  readonly reading: Reading;
  readonly rows: readonly TaskRow[];
  readonly config: Config;
  /** All tasks that are not done: those of the store, and those that the next run imports. */
  readonly tasks: readonly Pick<TaskSpec, 'id' | 'after'>[];
}
