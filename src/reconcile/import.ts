import type { Config } from '../config/schema.ts';
import type { Fence } from '../core/lease.ts';
import { preflightProblems } from '../core/preflight.ts';
import { AgentChoices } from './observe-pools.ts';
import type { TaskView } from '../core/snapshot.ts';
import type { TaskSpec } from '../core/task.ts';
import { isInUse, NO_COUNTERS, READY } from '../core/task-state.ts';
import type { UserError } from '../core/user-error.ts';
import type { Store, StoreView, TaskImport } from '../store/store.ts';
import { findTwins } from './twins.ts';
import type { KnownTask, Tracker } from '../trackers/tracker.ts';

export interface ImportReport {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** Tasks that never started and whose source is gone: they are cancelled. */
  readonly removed: readonly string[];
  readonly problems: readonly UserError[];
  readonly warnings: readonly string[];
  /** On a dry run: the new tasks, as the next plan would see them. */
  readonly pending: readonly TaskView[];
}

export interface ImportOptions {
  readonly dryRun: boolean;
  readonly goneForMs: number;
  readonly monotonicMs: number;
}

/**
 * Brings the store up to date with where tasks come from. Remembers the final tasks, which only ever grow in number,
 * so that a cycle reads no more than what is live.
 */
export class TaskImporter {
  readonly #store: Store;
  readonly #tracker: Tracker;
  readonly #scheduler: Fence;
  readonly #known = new Map<string, KnownTask>();
  #live: readonly string[] | null = null;
  /** A checkout of another branch, or an editor that saves by renaming, takes files away for a while. */
  #goneSinceMs = new Map<string, number>();

  /** @param scheduler the fence of the scheduler, without which nothing is imported. */
  constructor(store: Store, tracker: Tracker, scheduler: Fence) {
    this.#store = store;
    this.#tracker = tracker;
    this.#scheduler = scheduler;
  }

  /**
   * A source that cannot be read leaves its task as it was. With `dryRun` nothing is written. A task whose source is
   * gone is cancelled once it has been gone for `goneForMs`.
   */
  async run(view: StoreView, config: Config, { dryRun, goneForMs, monotonicMs }: ImportOptions): Promise<ImportReport> {
    await this.#learn(view);
    const { imports: found, removed, problems, warnings } = await this.#tracker.changes([...this.#known.values()]);
    // An edit takes effect at the next attempt: until then the paths that the present one was given are held.
    const inUse = new Set(view.rows.filter(({ state }) => isInUse(state.status)).map(({ id }) => id));
    const arrivals = found.filter(({ spec }) => !this.#known.has(spec.id));
    const twins = await findTwins(arrivals, view.rows, this.#store);
    const imports = found.filter(({ spec }) => !inUse.has(spec.id) && !twins.has(spec.id));
    const added = imports.filter(({ spec }) => !this.#known.has(spec.id)).map(({ spec }) => spec);
    const changed = imports.filter(({ spec }) => this.#known.has(spec.id)).map(({ spec }) => spec.id);
    const untouched = new Set(
      view.rows
        .filter(({ attempts, state }) => attempts === 0 && (state.status === 'ready' || state.status === 'proposed'))
        .map(({ id }) => id),
    );
    const goneBefore = this.#goneSinceMs;
    this.#goneSinceMs = new Map(removed.map((id) => [id, goneBefore.get(id) ?? monotonicMs]));
    const isGone = (id: string): boolean => monotonicMs - (this.#goneSinceMs.get(id) ?? monotonicMs) >= goneForMs;
    const withdrawn = removed.filter((id) => untouched.has(id) && isGone(id));
    if (!dryRun) {
      if (imports.length > 0) await this.#store.importTasks(imports, this.#scheduler);
      this.#remember(imports);
      for (const id of withdrawn) await this.#withdraw(id);
    }
    return {
      added: added.map(({ id }) => id),
      changed,
      removed: withdrawn,
      problems: [...problems, ...twins.values()],
      warnings,
      pending: dryRun ? added.map((spec) => pendingView(spec, config)) : [],
    };
  }

  /** A task that a person ends before the next look is in no view: it must be known all the same. */
  #remember(imports: readonly TaskImport[]): void {
    const live = new Set(this.#live);
    for (const { spec, source } of imports) {
      if (this.#known.has(spec.id)) continue;
      this.#known.set(spec.id, { id: spec.id, state: READY, source });
      live.add(spec.id);
    }
    this.#live = [...live];
  }

  async #withdraw(id: string): Promise<void> {
    try {
      await this.#store.withdraw(id, { kind: 'cancelled' }, this.#scheduler);
    } catch (error) {
      // A person was faster.
      if (!(error instanceof Error && 'code' in error && error.code === 'illegal-transition')) throw error;
    }
  }

  async #learn(view: StoreView): Promise<void> {
    if (this.#live === null) for (const row of await this.#store.rows()) this.#known.set(row.id, row);
    for (const row of view.rows) this.#known.set(row.id, row);
    const live = new Set(view.rows.map(({ id }) => id));
    for (const id of this.#live ?? []) {
      const row = this.#known.get(id);
      // Which of the final states it is makes no difference to a source.
      if (row !== undefined && !live.has(id)) this.#known.set(id, { ...row, state: { status: 'landed' } });
    }
    this.#live = [...live];
  }
}

function pendingView(spec: TaskSpec, config: Config): TaskView {
  return {
    id: spec.id,
    title: spec.title,
    state: READY,
    counters: NO_COUNTERS,
    priority: spec.priority,
    updatedMs: 0,
    area: spec.area,
    agents: new AgentChoices(config).of(spec.agent),
    owns: spec.owns,
    after: spec.after,
    problems: preflightProblems(spec, config),
  };
}
