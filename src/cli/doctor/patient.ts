import type { Config } from '../../config/schema.ts';
import type { SandboxSupport } from '../../core/sandbox-choice.ts';
import type { TaskSpec } from '../../core/task.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import type { Repository } from '../../git/repository.ts';
import type { TaskRow } from '../../store/store.ts';
import type { CommandContext, Reading, StatePlaces } from '../context.ts';

/** What the checks have learned so far. A check that needs another one finds that one's facts here. */
export class Patient {
  readonly context: CommandContext;
  /** What takes longer than a second is left out. */
  readonly quick: boolean;
  /** A gate whose result is not known is run. */
  readonly runsGates: boolean;
  readonly #facts: Partial<Facts> = {};

  constructor(context: CommandContext, { quick, runsGates }: { readonly quick: boolean; readonly runsGates: boolean }) {
    this.context = context;
    this.quick = quick;
    this.runsGates = runsGates;
  }

  learn<K extends keyof Facts>(name: K, fact: Facts[K]): void {
    this.#facts[name] = fact;
  }

  /** Throws where the check that learns it is not among the `requires`. */
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

export type FactName = keyof Facts;

interface Facts {
  readonly repository: Repository;
  readonly places: StatePlaces;
  readonly reading: Reading;
  readonly rows: readonly TaskRow[];
  readonly config: Config;
  /** What holds agents and gates on this machine. */
  readonly sandboxes: SandboxSupport;
  /** All tasks that are not done: those of the store, and those that the next run imports. */
  readonly tasks: readonly (Pick<TaskSpec, 'id' | 'after' | 'agent'> & { readonly status: TaskStatus })[];
}
