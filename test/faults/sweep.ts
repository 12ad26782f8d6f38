import { seededRandom } from '../fixtures/store/seeded-random.ts';
import type { QuietRuns } from './run-cases.ts';
import type { Action, Disturbance, Fault, FaultCase, SweptScenario } from './fault.ts';

/**
 * Names that no quiet run comes by, with a fault that leads there. A test holds this list against the source, so that
 * none can be forgotten.
 */
const LED_TO: Readonly<Record<string, Fault>> = {
  'store.lose': { name: 'store.claim:after', hit: 1, action: 'kill' },
};

/** Names that only other commands come by, with the test that interrupts those. */
export const COVERED_ELSEWHERE: Readonly<Record<string, string>> = {
  'store.interrupt': 'test/faults/killers.test.ts',
  'store.closeKill': 'test/faults/killers.test.ts',
  'store.note': 'test/faults/killers.test.ts',
  'store.resetBreaker': 'test/faults/killers.test.ts',
  'store.holdPool': 'test/faults/killers.test.ts',
  'store.resumePool': 'test/faults/killers.test.ts',
  'store.clearPool': 'test/faults/killers.test.ts',
  'file-system.sync': 'test/faults/half-made.test.ts',
  // Only where somebody has closed a file or a directory.
  'fs.chmod': 'test/faults/half-made.test.ts',
  // Only where the yard is root and what it starts is not.
  'fs.chown': 'test/faults/half-made.test.ts',
  // Only where a lane or a slot is filled that was filled before.
  'git.checkout': 'test/faults/half-made.test.ts',
  // Only where cgroups can be made.
  'fs.rmdir': 'src/sandbox/cgroup.test.ts',
  'git.hash-object': 'test/faults/damaged-objects.test.ts',
  // It writes below a directory that a person named.
  'git.checkout-index': 'test/e2e/salvage.test.ts',
  'fs.append-file': 'test/faults/account.test.ts',
  'store.setCursor': 'test/faults/account.test.ts',
  'git.repack': 'test/e2e/gc.test.ts',
  'git.prune': 'test/e2e/gc.test.ts',
  'git.init': 'test/faults/demo.test.ts',
  'git.add': 'test/faults/demo.test.ts',
  'git.commit': 'test/faults/demo.test.ts',
};

function stem(name: string): string {
  return name.slice(0, name.indexOf(':'));
}

/** The case that strikes at the first hit of a failpoint; null: covered elsewhere. Throws for one that nothing covers. */
function firstHit(name: string, quiet: QuietRuns, action: Action): FaultCase | null {
  const fault: Fault = { name, hit: 1, action };
  if (quiet.small.hits.has(name)) return { scenario: 'small', faults: [fault], disturbances: [] };
  if (quiet.person.hits.has(name)) return { scenario: 'person', faults: [fault], disturbances: [] };
  const leader = LED_TO[stem(name)];
  if (leader !== undefined) return { scenario: 'small', faults: [leader, fault], disturbances: [] };
  if (COVERED_ELSEWHERE[stem(name)] === undefined) throw new Error(`nothing comes by the failpoint ${name}`);
  return null;
}

/**
 * A case for each failpoint to strike at its first hit, several in one run to save time: no more than two of them where
 * attempts come by, for the third attempt of a task that is lost in a row parks it.
 */
export function firstHits(names: readonly string[], quiet: QuietRuns, action: Action = 'kill'): FaultCase[] {
  const single = names.flatMap((name) => firstHit(name, quiet, action) ?? []);
  const led = single.filter(({ faults }) => faults.length > 1);
  return [...led, ...(['small', 'person'] as const).flatMap((scenario) => inFours(scenario, single, quiet))];
}

function inFours(scenario: SweptScenario, single: readonly FaultCase[], quiet: QuietRuns): FaultCase[] {
  // Whoever came by first in the quiet run may not come by at all when another fault of the case has struck.
  const inAttempt = (fault: Fault): boolean =>
    quiet[scenario].trace.some(({ name, role }) => name === fault.name && role === 'attempt');
  const faults = single.filter((each) => each.scenario === scenario && each.faults.length === 1);
  const [attempts, others]: [Fault[], Fault[]] = [[], []];
  for (const fault of faults.flatMap((each) => each.faults)) (inAttempt(fault) ? attempts : others).push(fault);
  const cases: FaultCase[] = [];
  while (attempts.length + others.length > 0) {
    const chosen = [...attempts.splice(0, 2), ...others.splice(0, 2)];
    if (chosen.length < 4 && attempts.length === 0) chosen.push(...others.splice(0, 4 - chosen.length));
    cases.push({ scenario, faults: chosen, disturbances: [] });
  }
  return cases;
}

/** Chooses what is done next, until there is nothing systematic left; then at random for ever. */
export class Sweep {
  readonly #quiet: QuietRuns;
  readonly #random: () => number;
  /** Systematic cases that are still to be done. */
  readonly #left: FaultCase[];
  readonly total: number;

  constructor(names: readonly string[], quiet: QuietRuns, seed: number) {
    this.#quiet = quiet;
    this.#random = seededRandom(seed);
    const first = names.flatMap((name) => firstHit(name, quiet, 'kill') ?? []);
    const later = (['small', 'person'] as const).flatMap((scenario) =>
      [...quiet[scenario].hits].flatMap(([name, count]) =>
        // One more than in the quiet run: the restart comes by as well.
        Array.from({ length: count }, (_, index): FaultCase => {
          return { scenario, faults: [{ name, hit: index + 2, action: 'kill' }], disturbances: [] };
        }),
      ),
    );
    const full = names
      .filter((name) => /^(?:store|git)\..*:before$/.test(name))
      .flatMap((name) => firstHit(name, quiet, 'enospc') ?? []);
    this.#left = [...this.#shuffle([...first, ...full]), ...this.#shuffle(later)];
    this.total = this.#left.length;
  }

  get done(): number {
    return this.total - this.#left.length;
  }

  next(): FaultCase {
    const share = this.#random();
    const systematic = share < 0.6 ? this.#left.shift() : undefined;
    if (systematic !== undefined) return systematic;
    return share < 0.75 ? this.#error() : this.pair();
  }

  /** Two faults, and perhaps something else that happens. */
  pair(): FaultCase {
    const scenario = this.#random() < 0.75 ? 'small' : 'person';
    const faults = [this.#fault(scenario, this.#action()), this.#fault(scenario, this.#action())];
    const disturbances: Disturbance[] = [];
    if (this.#random() < 0.3) disturbances.push('rival');
    if (this.#random() < 0.3) disturbances.push('target-moves');
    if (faults.some(({ action }) => action === 'stop') && this.#random() < 0.7) {
      disturbances.push(this.#pick(['usurper', 'usurper-drains'] as const));
    }
    return { scenario, faults, disturbances };
  }

  #error(): FaultCase {
    const scenario = this.#random() < 0.75 ? 'small' : 'person';
    const action = this.#pick(['error', 'enospc'] as const);
    const fault = this.#fault(scenario, action);
    // A disk that is full stays full until somebody makes room.
    const lasts = action === 'enospc' && this.#random() < 0.2;
    return { scenario, faults: [lasts ? { ...fault, hit: 0 } : fault], disturbances: [] };
  }

  #action(): Action {
    return this.#pick(['kill', 'kill', 'kill', 'stop', 'stop', 'error', 'enospc', 'delay'] as const);
  }

  #fault(scenario: SweptScenario, action: Action): Fault {
    const [name, count] = this.#pick([...this.#quiet[scenario].hits]);
    return { name, hit: 1 + Math.floor(this.#random() * (count + 1)), action };
  }

  #pick<T>(from: readonly T[]): T {
    const found = from[Math.floor(this.#random() * from.length)];
    if (found === undefined) throw new Error('there is nothing to choose from');
    return found;
  }

  #shuffle<T>(from: readonly T[]): T[] {
    const keyed = from.map((item) => ({ item, key: this.#random() }));
    return keyed.toSorted((a, b) => a.key - b.key).map(({ item }) => item);
  }
}
