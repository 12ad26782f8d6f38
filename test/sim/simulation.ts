import { NO_SANDBOXES } from '../fixtures/cells.ts';
import { attemptMarker } from '../../src/core/marker.ts';
import { openAccount } from '../../src/attempt/turn-account.ts';
import { runAttempt } from '../../src/attempt/run-attempt.ts';
import { configSchema } from '../../src/config/schema.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/core/task-state.ts';
import { runYard } from '../../src/reconcile/run.ts';
import { Scheduler } from '../../src/reconcile/scheduler.ts';
import type { Settings } from '../../src/reconcile/settings.ts';
import type { Yard } from '../../src/reconcile/yard.ts';
import { UserError } from '../../src/core/user-error.ts';
import type { Host } from '../../src/process/host.ts';
import type { Store } from '../../src/store/store.ts';
import { runTrain } from '../../src/train/run-train.ts';
import type { Defect } from './defect.ts';
import { Faults } from './faults.ts';
import type { FaultKind } from './faults.ts';
import { checkPlayed } from './check.ts';
import { Machine } from './machine.ts';
import type { Program, SimProcess } from './machine.ts';
import { memoryStore } from './memory-store.ts';
import { operate } from './operator.ts';
import type { Violation } from './played.ts';
import { Random } from './random.ts';
import { makeBacklog } from './scenario.ts';
import type { ScriptedTask } from './scenario.ts';
import { scriptedAttempt } from './scripted-attempt.ts';
import type { StoreRecord } from './store-record.ts';
import { scriptedTrain } from './scripted-train.ts';
import { TARGET, World } from './world.ts';

/** There is always room. */
const ROOMY = { directory: '/simulated', freeBytes: 2 ** 50 };

/*
 * One whole yard in one process: the real scheduler, attempts, train and heartbeats, over simulated machine, repository
 * and store. Everything that happens follows from the seed.
 */

const STATE = '/state';
/** Far more than any backlog needs: what has not come to an end by then never will. */
const STEPS_MAX = 60_000;
/** Methods of a store that write nothing. */
const READING: ReadonlySet<string> = new Set([
  'task',
  'rows',
  'view',
  'viewOf',
  'overview',
  'countByStatus',
  'attempts',
  'runningAttempts',
  'leases',
  'lease',
  'openIntents',
  'answers',
  'isApproved',
  'verdict',
  'control',
  'events',
  'spending',
  'turns',
  'spend',
  'version',
  'close',
]);
const STEPS_AFTER = 2_000;
const POLICY = { ...DEFAULT_RETRY_POLICY, backoffMaxMs: 60_000 };

export interface SimulationResult {
  readonly seed: number;
  readonly steps: number;
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
}

export class Simulation {
  readonly machine: Machine;
  readonly world = new World();
  readonly store: Store;
  readonly backlog: readonly ScriptedTask[];
  readonly faults: Faults;
  /** All that was written to the store, and what was refused. */
  readonly records: StoreRecord[] = [];
  /** Until then no write finds room. */
  fullUntilMs = 0;
  readonly random: Random;
  readonly #defect: Defect | null;
  readonly #settings: Settings;

  constructor(seed: number, defect: Defect | null) {
    this.random = new Random(seed);
    this.machine = new Machine(this.random);
    this.#defect = defect;
    const { machine } = this;
    this.store = memoryStore({
      clock: { nowMs: () => Math.round(machine.wallMs), monotonicMs: () => Math.round(machine.monotonicMs) },
      policy: () => POLICY,
      acceptsStale: defect === 'stale-token-accepted',
      record: (record) => this.records.push(record),
    })();
    this.backlog = makeBacklog(this.random);
    this.faults = new Faults(this);
    this.#settings = makeSettings();
  }

  /** Starts a scheduler, as a person would with `yard run`. */
  startScheduler(): SimProcess {
    return this.machine.start('scheduler', null, async (process) => {
      const yard = this.#yard(process);
      const acquired = await Scheduler.acquire(yard, () => undefined);
      if (acquired.kind === 'held') return;
      const { clock } = yard.host;
      const signal = new AbortController().signal;
      const wake = { wait: () => yard.host.sleep(this.random.below(2_000)) };
      const options = { clock, maxMs: Infinity, signal, onCycle: () => undefined };
      try {
        await runYard(acquired.scheduler, wake, options);
      } finally {
        await acquired.scheduler.release();
      }
    });
  }

  #yard(process: SimProcess): Yard {
    const { machine, world, backlog } = this;
    const host = this.#host(process);
    return {
      store: this.storeOf(process),
      host,
      stateDirectory: STATE,
      settings: { current: () => Promise.resolve(this.#settings), problem: null, before: null },
      tracker: {
        changes: (rows) => {
          const known = new Set(rows.map(({ id }) => id));
          const fresh = backlog.filter(({ spec }) => !known.has(spec.id));
          const imports = fresh.map(({ spec }) => ({ spec, source: { path: `${spec.id}.md`, hash: 'h' } }));
          return Promise.resolve({ imports, removed: [], problems: [], warnings: [] });
        },
      },
      freeSpace: () => ({ state: ROOMY, repository: ROOMY }),
      syncTarget: () =>
        machine.step(process, 'sync', () => {
          world.record = world.target;
          return { kind: 'ok', commit: world.target };
        }),
      self: ['node', 'yard'],
    };
  }

  #host(process: SimProcess): Host {
    const host = this.machine.host(process, (args) => this.#program(args));
    if (this.#defect !== 'nothing-is-killed') return host;
    return { ...host, killTree: () => Promise.resolve({ survivors: [] }) };
  }

  /** The store as a process uses it: each call is a step, and no answer reaches the dead. */
  storeOf(process: SimProcess): Store {
    const { machine, store } = this;
    return new Proxy(store, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: readonly unknown[]) => unknown;
        return (...args: readonly unknown[]) =>
          machine.step(process, `store.${String(key)}`, async () => {
            if (this.#defect === 'never-recovered' && key === 'lose') return undefined;
            this.#refuseOnFullDisk(String(key));
            const result = await method(...args);
            if (key === 'addVerdict') this.#observeVerdict(args);
            return result;
          });
      },
    });
  }

  #refuseOnFullDisk(method: string): void {
    if (this.machine.monotonicMs >= this.fullUntilMs || READING.has(method)) return;
    throw new UserError({
      code: 'store-full',
      message: 'there is no room to write the store',
      hint: 'make room',
      exitCode: 1,
    });
  }

  #observeVerdict([, verdict]: readonly unknown[]): void {
    const { tree } = verdict as { readonly tree: string };
    this.world.observations.push({ kind: 'verdict', tree, isGreen: true });
  }

  #program([command, , ...rest]: readonly string[]): ReturnType<Program> {
    if (command === 'train') return { role: 'train', main: (process) => this.#train(process) };
    const [taskId = '', attempt = '', token = ''] = rest;
    return {
      role: `attempt ${taskId}`,
      main: (process) => this.#attempt(process, taskId, Number(attempt), Number(token)),
    };
  }

  async #attempt(process: SimProcess, taskId: string, attempt: number, token: number): Promise<void> {
    const { machine, world } = this;
    const store = this.storeOf(process);
    const fence = { resource: `task:${taskId}`, token } as const;
    const marker = attemptMarker(STATE, taskId, attempt, token);
    const deeds = this.backlog.find(({ spec }) => spec.id === taskId)?.deeds ?? [];
    const done = (await this.store.attempts(taskId)).filter(
      ({ outcome }) => outcome !== null && outcome.kind !== 'lost',
    );
    const deed = deeds[Math.min(done.length, deeds.length - 1)] ?? { kind: 'nothing' };
    const record = (await this.store.attempts(taskId)).find((one) => one.attempt === attempt);
    const { clock } = this.#host(process);
    const { pin } = this.#settings;
    const parts = { store, clock, pin, agentSpec: record?.agent ?? '', taskId, attempt, fence };
    const account = openAccount(parts, 'implementer', () => this.random.below(1_000) / 1_000);
    await runAttempt({
      store,
      host: this.#host(process),
      taskId,
      attempt,
      fence,
      marker,
      killGraceMs: 0,
      work: (signal) =>
        scriptedAttempt(
          { machine, world, store, process, taskId, attempt, fence, marker, deed, account, nowMs: () => clock.nowMs() },
          signal,
        ),
    });
  }

  async #train(process: SimProcess): Promise<void> {
    const { machine, world } = this;
    const store = this.storeOf(process);
    await runTrain({
      store,
      host: this.#host(process),
      target: TARGET,
      isCurrent: () => true,
      work: (lease) =>
        Promise.resolve(
          scriptedTrain({ machine, world, store, process, stateDirectory: STATE, defect: this.#defect }, lease),
        ),
    });
  }
}

/** Plays one history to its end and says what was wrong with it. */
export async function simulate(seed: number, defect: Defect | null = null): Promise<SimulationResult> {
  const simulation = new Simulation(seed, defect);
  const { machine, faults, store, world } = simulation;
  const first = world.target;
  const operator = operate(simulation);
  while (!operator.isDone() && machine.steps < STEPS_MAX) if (!(await machine.next())) break;
  // What still runs may come to its own end.
  const last = machine.steps + STEPS_AFTER;
  while (machine.alive.some(({ isPerson }) => !isPerson) && machine.steps < last) if (!(await machine.next())) break;
  const violations = await checkPlayed({
    store,
    policy: POLICY,
    records: simulation.records,
    world,
    machine,
    first,
    isDone: operator.isDone(),
  });
  return { seed, steps: machine.steps, faults: faults.counts, violations, trace: machine.trace };
}

function makeSettings(): Settings {
  const config = configSchema.parse({
    version: 1,
    target: 'target',
    defaults: { agent: ['script', 'spare'], gate: 'default' },
    gates: { default: { run: 'true' } },
    agents: {
      script: { kind: 'command', run: ['true'], pool: 'team' },
      spare: { kind: 'command', run: ['true'], pool: 'second' },
    },
    pools: { team: { concurrent: 3 }, second: { concurrent: 2, minDelay: '5s' } },
    limits: { concurrent: 4, consecutiveFailures: 1_000 },
  });
  const repository = { root: '/repo', commonDirectory: '/repo/.git', name: 'repo', format: 'sha1' } as const;
  return {
    config,
    pin: { config, excludes: '', repository, sandboxes: NO_SANDBOXES, recipes: {} },
    pinHash: 'pin',
    warnings: [],
  };
}
