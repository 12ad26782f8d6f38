import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import { identityOf, isAlive } from '../../src/process/identity.ts';
import { openReader } from '../../src/store/sqlite-reader.ts';
import type { FaultCase, Loss } from './fault.ts';
import { deliveryOf, readHits } from './hits.ts';
import { operate } from './operator.ts';
import type { Scenario } from './scenario.ts';

/** More than a lease lasts. */
const AHEAD_MS = 120_000;
const POLL_MS = 20;
/** How long a stopped process stays so: longer than whatever waits for it, but for a lease. */
const STOPPED_MS = 1_000;
/** A usurper may have to wait for what the stopped process holds: the store's write lock. */
const USURPER_PATIENCE_MS = 8_000;

/** Writes that carry a token. Each has a failpoint after its commit. */
const FENCED = ['transition', 'renew', 'dispatch', 'progress', 'finish', 'lose', 'openLanding', 'closeLanding'];

interface Victim {
  readonly identity: ProcessIdentity;
  readonly role: string;
  readonly goesOnMs: number;
  /** It held a lease, and holds none any more: whatever it still writes under its token is a loss. */
  readonly isStale: boolean;
}

/**
 * Finds processes that a fault has stopped, and lets them go on: after a second, or once a usurper has taken over, to
 * whose clock every lease has expired.
 */
export class Usurpation {
  takeovers = 0;
  readonly #scenario: Scenario;
  readonly #case: FaultCase;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #victims = new Map<string, Victim>();
  #isAhead = false;

  constructor(scenario: Scenario, fault: FaultCase, environment: Readonly<Record<string, string>>) {
    this.#scenario = scenario;
    this.#case = fault;
    this.#environment = environment;
  }

  /** Once one process has lived in the future, so must those that come after it. */
  clock(): Record<string, string> {
    return this.#isAhead ? { YARD_CLOCK_AHEAD_MS: String(AHEAD_MS) } : {};
  }

  /** Watches until the signal fires. */
  async watch(signal: AbortSignal): Promise<void> {
    const faults = this.#case.faults.filter(({ action }) => action === 'stop');
    while (faults.length > this.#victims.size && !signal.aborted) {
      for (const fault of faults) {
        const name = `${fault.name}:${fault.hit}`;
        const hit = this.#victims.has(name) ? null : deliveryOf(this.#scenario, fault);
        if (hit !== null) this.#victims.set(name, await this.#attendTo(hit.pid, hit.role));
      }
      await delay(POLL_MS);
    }
  }

  /** What stale processes have written; called when all have ended. */
  losses(): Loss[] {
    const hits = readHits(this.#scenario);
    return [...this.#victims.values()].flatMap(({ identity, role, goesOnMs, isStale }) =>
      hits
        .filter(({ pid, atMs, name }) => isStale && pid === identity.pid && atMs >= goesOnMs && isFencedWrite(name))
        .map(({ name }): Loss => ({ promise: 'P4', what: `a stale process (${role}) has written: ${name}` })),
    );
  }

  async #attendTo(pid: number, role: string): Promise<Victim> {
    const identity = identityOf(pid);
    // It was ended while it stood still.
    if (identity === null) return { identity: { bootId: '', pid, startTime: '' }, role, goesOnMs: 0, isStale: false };
    const held = await this.#holdsSomething(pid);
    if (this.#case.disturbances.includes('usurper')) await this.#usurp(['run']);
    else if (this.#case.disturbances.includes('usurper-drains')) await this.#usurp(['reconcile', '--drain']);
    else await delay(STOPPED_MS);
    const isStale = held && !(await this.#holdsSomething(pid));
    const goesOnMs = Date.now();
    if (isAlive(identity)) process.kill(pid, 'SIGCONT');
    return { identity, role, goesOnMs, isStale };
  }

  async #usurp(args: readonly string[]): Promise<void> {
    this.takeovers += 1;
    this.#isAhead = true;
    const run = operate(this.#scenario, args, { ...this.#environment, ...this.clock() });
    await Promise.race([run, delay(USURPER_PATIENCE_MS, null, { ref: false })]);
  }

  async #holdsSomething(pid: number): Promise<boolean> {
    const reader = openReader(join(this.#scenario.state, 'state.db'));
    if (reader === null) return false;
    try {
      return (await reader.leases()).some(({ owner }) => owner?.pid === pid);
    } finally {
      await reader.close();
    }
  }
}

function isFencedWrite(name: string): boolean {
  const [, method = ''] = /^store\.(\w+):after$/.exec(name) ?? [];
  return FENCED.includes(method);
}
