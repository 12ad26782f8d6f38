import type { SimProcess } from './machine.ts';
import type { Simulation } from './simulation.ts';

export const FAULT_KINDS = [
  'kill',
  'kill-other',
  'stop',
  'reboot',
  'clock',
  'stuck',
  'second-scheduler',
  'disk-full',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Faults of one history: then comes a time in which the yard must come to rest. */
const BUDGET_MAX = 25;
const ONCE_IN_STEPS = 25;
const LONG_MS = 200_000;

/** How often each kind is chosen, by weight. */
const WEIGHTS: Readonly<Record<FaultKind, number>> = {
  kill: 50,
  'kill-other': 20,
  stop: 12,
  reboot: 2,
  clock: 5,
  stuck: 3,
  'second-scheduler': 8,
  'disk-full': 5,
};
const LOTS = FAULT_KINDS.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));

/** Injects faults after steps that the seed chooses. */
export class Faults {
  readonly counts: Record<FaultKind, number> = {
    kill: 0,
    'kill-other': 0,
    stop: 0,
    reboot: 0,
    clock: 0,
    stuck: 0,
    'second-scheduler': 0,
    'disk-full': 0,
  };
  readonly #simulation: Simulation;
  /** Lets stopped processes go on, and stuck ones go. */
  readonly #kernel: SimProcess;
  #left: number;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const { machine, random } = simulation;
    this.#left = random.below(BUDGET_MAX);
    this.#kernel = machine.start('kernel', null, () => Promise.withResolvers<never>().promise, true);
    machine.onStep = (process) => this.#after(process);
  }

  get areOver(): boolean {
    return this.#left === 0;
  }

  #after(process: SimProcess): boolean {
    const { random } = this.#simulation;
    if (this.#left === 0 || !random.once(ONCE_IN_STEPS)) return false;
    this.#left -= 1;
    const kind = random.pick(LOTS) ?? 'kill';
    if (this.#inject(kind, process)) this.counts[kind] += 1;
    return process.state === 'dead';
  }

  #inject(kind: FaultKind, process: SimProcess): boolean {
    const { machine, random } = this.#simulation;
    switch (kind) {
      case 'kill':
        return this.#kill(process);
      case 'kill-other':
        return this.#kill(random.pick(machine.alive));
      case 'stop':
        return this.#stop(process);
      case 'reboot':
        machine.reboot();
        return true;
      case 'clock':
        machine.wallMs += random.once(2) ? 3_600_000 : -3_600_000;
        return true;
      case 'stuck':
        return this.#stick(process);
      case 'disk-full':
        this.#simulation.fullUntilMs = machine.monotonicMs + random.below(LONG_MS);
        return true;
      case 'second-scheduler':
        this.#simulation.startScheduler();
        return true;
      default:
        throw new Error(`no fault ${String(kind satisfies never)}`);
    }
  }

  #kill(process: SimProcess | undefined): boolean {
    if (process === undefined || process.isPerson || process.stuck) return false;
    this.#simulation.machine.end(process);
    return true;
  }

  #stop(process: SimProcess): boolean {
    if (process.isPerson || process.state !== 'running') return false;
    const { machine, random } = this.#simulation;
    process.state = 'stopped';
    const forMs = random.below(LONG_MS);
    void machine.step(
      this.#kernel,
      'continue',
      () => {
        if (process.state === 'stopped') process.state = 'running';
      },
      forMs,
    );
    return true;
  }

  #stick(process: SimProcess): boolean {
    if (process.isPerson) return false;
    const { machine, random } = this.#simulation;
    process.stuck = true;
    void machine.step(
      this.#kernel,
      'unstick',
      () => {
        process.stuck = false;
      },
      random.below(LONG_MS),
    );
    return true;
  }
}
