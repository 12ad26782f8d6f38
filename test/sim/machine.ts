import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import { faultOf } from '../../src/core/machine-fault.ts';
import type { Host } from '../../src/process/host.ts';
import type { Random } from './random.ts';

/*
 * A machine as a value. Invariants:
 * 1. Everything that a process does to the world is a step, which happens at one moment, whole or not at all.
 * 2. The order of steps, the time that they take, and all faults come from one seeded source: a seed is a history.
 * 3. A dead process does nothing more: what it awaits never comes. A stopped one goes on when it is continued.
 */

export interface SimProcess {
  readonly identity: ProcessIdentity;
  readonly role: string;
  readonly marker: string | null;
  state: 'running' | 'stopped' | 'dead';
  /** Cannot be killed: stuck in the kernel, for a while. */
  stuck: boolean;
  /** The operator, and what else no fault can touch. */
  readonly isPerson: boolean;
  readonly onDeath: (() => void)[];
}

const BOOTED_MS = 500;
/** Steps that a trace holds. */
const TRACE_MAX = 400;

interface Due {
  readonly process: SimProcess;
  readonly label: string;
  readonly atMs: number;
  readonly order: number;
  readonly run: () => Promise<void> | void;
}

export type Main = (process: SimProcess) => Promise<unknown>;

/** What a worker's command line starts: the simulation's own `main.ts`. */
export type Program = (args: readonly string[]) => { readonly role: string; readonly main: Main };

export class Machine {
  readonly random: Random;
  readonly processes: SimProcess[] = [];
  /** The last steps, newest last: what a failure is explained with. */
  readonly trace: string[] = [];
  /** What a process died of by itself, other than by a fault: a bug. */
  readonly crashes: string[] = [];
  monotonicMs = 1_000;
  wallMs = 1_700_000_000_000;
  bootId = 'boot-1';
  steps = 0;
  #pid = 100;
  #order = 0;
  #boots = 1;
  #due: Due[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  get alive(): SimProcess[] {
    return this.processes.filter(({ state }) => state !== 'dead');
  }

  start(role: string, marker: string | null, main: Main, isPerson = false): SimProcess {
    this.#pid += 1;
    const identity = { bootId: this.bootId, pid: this.#pid, startTime: String(this.steps) };
    const process: SimProcess = { identity, role, marker, state: 'running', stuck: false, isPerson, onDeath: [] };
    this.processes.push(process);
    this.#add(process, 'start', this.#latencyMs(), () => {
      void this.#live(process, main);
    });
    return process;
  }

  async #live(process: SimProcess, main: Main): Promise<void> {
    try {
      await main(process);
    } catch (error) {
      // A machine that has no room ends a process with a message, not with a bug.
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (faultOf(error) === null) this.crashes.push(`${process.role}: ${why}`);
    }
    this.end(process);
  }

  /** Does something to the world, after a while. Never comes back to a process that died meanwhile. */
  async step<T>(
    process: SimProcess,
    label: string,
    effect: () => T | Promise<T>,
    latencyMs = this.#latencyMs(),
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#add(process, label, latencyMs, async () => {
      try {
        const result = await effect();
        // Done, but its doer may die before it hears of it.
        if (!this.onStep(process, label)) resolve(result);
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  /** Called after each step; true when the process has died of it. */
  onStep: (process: SimProcess, label: string) => boolean = () => false;

  #add(process: SimProcess, label: string, inMs: number, run: () => Promise<void> | void): void {
    if (process.state === 'dead') return;
    this.#order += 1;
    this.#due.push({ process, label, atMs: this.monotonicMs + inMs, order: this.#order, run });
  }

  /** Makes the next thing happen. False: there is nothing more to come. */
  async next(): Promise<boolean> {
    let first: Due | null = null;
    for (const due of this.#due) {
      if (due.process.state !== 'running') continue;
      if (first === null || due.atMs < first.atMs || (due.atMs === first.atMs && due.order < first.order)) first = due;
    }
    if (first === null) return false;
    this.#due = this.#due.filter((due) => due !== first && due.process.state !== 'dead');
    this.pass(Math.max(0, first.atMs - this.monotonicMs));
    this.steps += 1;
    const { role, identity } = first.process;
    this.trace.push(`${Math.round(this.monotonicMs)} ${role}#${identity.pid} ${first.label}`);
    if (this.trace.length > TRACE_MAX) this.trace.shift();
    await first.run();
    await settled();
    return true;
  }

  pass(ms: number): void {
    this.monotonicMs += ms;
    this.wallMs += ms;
  }

  end(process: SimProcess): void {
    if (process.state === 'dead') return;
    process.state = 'dead';
    for (const act of process.onDeath) act();
  }

  /** All that runs is gone, but for people, and clocks and identities begin anew. */
  reboot(): void {
    for (const process of this.alive) if (!process.isPerson) process.state = 'dead';
    this.#boots += 1;
    this.bootId = `boot-${this.#boots}`;
    this.wallMs += 60_000;
    const back = this.monotonicMs - BOOTED_MS;
    this.monotonicMs = BOOTED_MS;
    this.#due = this.#due
      .filter(({ process }) => process.state !== 'dead')
      .map((due) => ({ ...due, atMs: due.atMs - back }));
  }

  /** The machine as one of its processes sees it. */
  host(process: SimProcess, program: Program): Host {
    return {
      clock: { nowMs: () => Math.round(this.wallMs), monotonicMs: () => Math.round(this.monotonicMs) },
      self: process.identity,
      isAlive: (identity) => this.#find(identity) !== undefined,
      hasMarked: (marker) => this.alive.some((one) => one.marker === marker),
      killTree: ({ marker }) => this.step(process, `kill ${marker ?? ''}`, () => this.#kill(process, marker)),
      spawnDetached: (_file, args, options) =>
        this.step(process, `spawn ${args[1] ?? ''}`, () => {
          const { role, main } = program(args.slice(1));
          const child = this.start(role, options.env['YARD_MARKER'] ?? null, main);
          child.onDeath.push(() => {
            if (process.state === 'running') options.onExit?.(0, null);
          });
          return { kind: 'spawned', identity: child.identity };
        }),
      // Nobody is woken sharp on time.
      sleep: (ms) => this.step(process, 'sleep', () => undefined, ms + this.random.below(Math.max(2_000, ms))),
      every: (ms, act) => this.#every(process, ms, act),
    };
  }

  #every(process: SimProcess, ms: number, act: () => void): () => void {
    let isOn = true;
    const again = (): void =>
      this.#add(process, 'timer', ms, () => {
        if (!isOn) return;
        again();
        act();
      });
    again();
    return () => {
      isOn = false;
    };
  }

  #find(identity: ProcessIdentity): SimProcess | undefined {
    return this.alive.find(
      (one) =>
        one.identity.pid === identity.pid &&
        one.identity.bootId === identity.bootId &&
        one.identity.startTime === identity.startTime,
    );
  }

  #kill(by: SimProcess, marker: string | null): { survivors: readonly number[] } {
    const survivors: number[] = [];
    for (const process of this.alive) {
      if (process === by || marker === null || process.marker !== marker) continue;
      if (process.stuck) survivors.push(process.identity.pid);
      else this.end(process);
    }
    return { survivors };
  }

  #latencyMs(): number {
    const kind = this.random.below(100);
    if (kind < 80) return this.random.below(5);
    return kind < 99 ? this.random.below(500) : this.random.below(30_000);
  }
}

/** When no promise can go on by itself any more. Nothing here waits for the real world. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
