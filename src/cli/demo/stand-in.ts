import { setTimeout as delay } from 'node:timers/promises';

import type { Snapshot, TaskView } from '../../core/snapshot.ts';
import { answerCommand, approveCommand } from '../commands/decide.ts';
import type { CommandContext } from '../context.ts';
import type { LiveView } from '../run/live-view.ts';
import type { Scenario } from './scenario.ts';
import { shellWord } from '../../core/shell-word.ts';

/** Time to read what is asked. */
const READING_MS = 1_000;

/** Decides in the operator's place, by the very commands that they would type, after a moment to read the question. */
export class StandIn {
  readonly #context: CommandContext;
  readonly #scenario: Scenario;
  readonly #view: LiveView;
  readonly #over = new AbortController();
  readonly #seen = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];

  constructor(context: CommandContext, scenario: Scenario, view: LiveView) {
    this.#context = context;
    this.#scenario = scenario;
    this.#view = view;
  }

  /** Takes up what waits for a person since the last look, without waiting. Throws what went wrong with earlier ones. */
  look(snapshot: Snapshot): void {
    this.#throwFailure();
    for (const task of snapshot.tasks) {
      if (task.state.status !== 'blocked') continue;
      const name = `${task.id} ${task.state.attempt}`;
      const act = this.#actionFor(task);
      if (act === null || this.#seen.has(name)) continue;
      this.#seen.add(name);
      this.#work.add(this.#decide(act).catch((error: unknown) => void this.#failures.push(error)));
    }
  }

  /** Something waits for a decision that is under way, or is about to be. */
  isAwaited({ tasks }: Snapshot): boolean {
    return tasks.some((task) => this.#actionFor(task) !== null);
  }

  /** Waits for the decisions that are under way; false where there were none. */
  async finish(): Promise<boolean> {
    const work = [...this.#work];
    await Promise.all(work);
    for (const done of work) this.#work.delete(done);
    this.#throwFailure();
    return work.length > 0;
  }

  /** Decides nothing more, and waits for what is being said. */
  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#work);
  }

  #throwFailure(): void {
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #actionFor({ id, state }: TaskView): { typed: string; run: () => Promise<unknown> } | null {
    if (state.status !== 'blocked') return null;
    if (state.on.kind === 'approval') {
      const { hash } = state.on;
      if (!this.#scenario.approves.includes(id)) return null;
      return {
        typed: `yard approve ${id} ${hash.slice(0, 12)}`,
        run: () => approveCommand(this.#context, id, hash, {}),
      };
    }
    const answer = this.#scenario.answers[id];
    if (answer === undefined) return null;
    return { typed: `yard answer ${id} ${shellWord(answer)}`, run: () => answerCommand(this.#context, id, answer, {}) };
  }

  async #decide({ typed, run }: { typed: string; run: () => Promise<unknown> }): Promise<void> {
    try {
      await delay(READING_MS, undefined, { signal: this.#over.signal });
    } catch (error) {
      if (this.#over.signal.aborted) return;
      throw error;
    }
    await this.#view.interlude(async () => {
      const { output } = this.#context;
      output.print(`${output.style('bold', `$ ${typed}`)}  ${output.style('dim', '# by the demo, in your place')}`);
      await run();
    });
  }
}
