import { isFinal } from '../../src/core/task-state.ts';
import type { Store, TaskRow } from '../../src/store/store.ts';
import type { SimProcess } from './machine.ts';
import type { Simulation } from './simulation.ts';
import { TARGET } from './world.ts';

/*
 * The person in front of the yard. While there are faults, they do what people do: start it again, cancel, stop, answer,
 * commit to the target. Afterwards they only see to it that nothing waits for them, until everything is done.
 */

const EVERY_MS = 4_000;
/** A person's look at the yard: rows that neither move nor wait for them, so many times in a row. */
const QUIET_LOOKS = 3;

const PAUSES = [{ of: 'all' }, { of: 'train' }, { of: 'agent', name: 'replay' }] as const;

export interface Operator {
  isDone(): boolean;
}

export function operate(simulation: Simulation): Operator {
  let isDone = false;
  simulation.machine.start(
    'operator',
    null,
    async (self) => {
      const person = new Person(simulation, self);
      while (!(await person.look())) {
        await simulation.machine.step(self, 'pause', () => undefined, simulation.random.below(EVERY_MS));
      }
      isDone = true;
    },
    true,
  );
  return { isDone: () => isDone };
}

class Person {
  readonly #simulation: Simulation;
  readonly #self: SimProcess;
  readonly #store: Store;
  #quiet = 0;

  constructor(simulation: Simulation, self: SimProcess) {
    this.#simulation = simulation;
    this.#self = self;
    this.#store = simulation.storeOf(self);
  }

  /** True once all is done. */
  async look(): Promise<boolean> {
    const { machine, faults, random } = this.#simulation;
    if (!machine.alive.some(({ role }) => role === 'scheduler')) this.#simulation.startScheduler();
    const rows = await this.#store.rows();
    if (!faults.areOver && random.once(6)) await this.#meddle(rows);
    else await this.#help(rows);
    return faults.areOver && (await this.#store.openIntents()).length === 0 && this.#isAtRest(rows);
  }

  #isAtRest(rows: readonly TaskRow[]): boolean {
    const { backlog } = this.#simulation;
    const states = new Map(rows.map(({ id, state }) => [id, state.status]));
    const isOver = (row: TaskRow): boolean =>
      isFinal(row.state.status) ||
      // It waits for a task that was cancelled: nothing that anybody could wait for.
      row.after.some((id) => states.get(id) === 'cancelled' || this.#waitsForNothing(id, rows));
    this.#quiet = rows.length === backlog.length && rows.every(isOver) ? this.#quiet + 1 : 0;
    return this.#quiet >= QUIET_LOOKS;
  }

  #waitsForNothing(id: string, rows: readonly TaskRow[]): boolean {
    const row = rows.find((one) => one.id === id);
    if (row === undefined) return false;
    return row.state.status === 'cancelled' || row.after.some((each) => this.#waitsForNothing(each, rows));
  }

  /** Whatever waits for a person gets what it waits for. */
  async #help(rows: readonly TaskRow[]): Promise<void> {
    if ((await this.#store.control()).stopped !== null) await this.#unlessOvertaken(this.#store.resume());
    for (const { subject } of (await this.#store.control()).pauses) {
      await this.#unlessOvertaken(this.#store.unpause(subject));
    }
    for (const { id, state } of rows) {
      if (state.status === 'blocked') await this.#unlessOvertaken(this.#store.answer(id, 'this one'));
      if (state.status === 'parked') await this.#unlessOvertaken(this.#store.transition(id, { kind: 'unparked' }));
    }
  }

  async #meddle(rows: readonly TaskRow[]): Promise<void> {
    const { random, world, machine } = this.#simulation;
    const row = random.pick(rows);
    switch (random.below(7)) {
      case 2:
        // `yard stop --now`, by somebody whose terminal is closed before anything was ended.
        return this.#unlessOvertaken(this.#store.interrupt('operator', 'at once'));
      case 0:
        if (row !== undefined) await this.#unlessOvertaken(this.#store.withdraw(row.id, { kind: 'cancelled' }));
        return;
      case 3:
        if (row !== undefined) {
          await this.#unlessOvertaken(
            this.#store.withdraw(row.id, { kind: 'parked', why: 'a person thinks about it' }),
          );
        }
        return;
      case 4:
        return this.#unlessOvertaken(
          this.#store.pause(random.pick(PAUSES) ?? { of: 'all' }, 'operator', 'a look around'),
        );
      case 5:
        if (row !== undefined) await this.#unlessOvertaken(this.#store.transition(row.id, { kind: 'woken' }));
        return;
      case 1:
        return this.#unlessOvertaken(this.#store.stop('operator', 'a look around'));
      default:
        await machine.step(this.#self, `commit on ${TARGET}`, () => {
          const from = world.target;
          if (world.lock !== null && world.lock.state !== 'dead') return;
          const files = { ...world.filesOf(from), [`person-${machine.steps}`]: 'theirs' };
          world.move(from, world.commit(files, [from]), 'person');
        });
    }
  }

  async #unlessOvertaken(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      // The task moved on since the look; or there is no room to write, and they will be back.
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (code !== 'illegal-transition' && code !== 'store-full') throw error;
    }
  }
}
