import { onTestFinished } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import type { Fence } from '../../src/core/lease.ts';
import type { ProcessIdentity } from '../../src/core/process-identity.ts';
import type { RetryPolicy } from '../../src/core/task-state.ts';
import { DEFAULT_RETRY_POLICY } from '../../src/core/task-state.ts';
import type { TaskSpec } from '../../src/core/task.ts';
import type { YardEvent } from '../../src/core/yard-event.ts';
import type { Store, TaskImport } from '../../src/store/store.ts';

/** What an implementation is made with. */
export interface StoreParts {
  readonly clock: Clock;
  readonly policy: () => RetryPolicy;
}

/** Makes an empty place for a store; the function that it returns opens another handle on it. */
export type MakeStore = (parts: StoreParts) => Promise<() => Promise<Store>>;

export const BOOT = 'boot-1';
export const EXPIRES_MS = 60_000;

export function processIdentity(pid: number): ProcessIdentity {
  return { bootId: BOOT, pid, startTime: `start-${pid}` };
}

export function spec(id: string, rest: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id,
    title: `Title of ${id}`,
    area: null,
    objective: `Do ${id}.`,
    acceptance: ['it works'],
    context: '',
    owns: [`src/${id}/**`],
    forbids: [],
    after: [],
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
    ...rest,
  };
}

export function imported(id: string, rest: Partial<TaskSpec> = {}, hash = 'hash-1'): TaskImport {
  return { spec: spec(id, rest), source: { path: `.yard/tasks/${id}.md`, hash } };
}

export interface Running {
  readonly taskId: string;
  readonly attempt: number;
  readonly fence: Fence;
  readonly intentId: number;
}

/** A store with two handles, clocks that stand still until told, and the way from one state to the next. */
export class TestYard {
  readonly store: Store;
  /** A second handle on the same store. */
  readonly other: Store;
  readonly open: () => Promise<Store>;
  readonly scheduler: Fence;
  readonly train: Fence;
  readonly #clock: { now: number };

  private constructor(
    stores: { store: Store; other: Store; open: () => Promise<Store> },
    fences: { scheduler: Fence; train: Fence },
    clock: { now: number },
  ) {
    this.store = stores.store;
    this.other = stores.other;
    this.open = stores.open;
    this.scheduler = fences.scheduler;
    this.train = fences.train;
    this.#clock = clock;
  }

  static async make(make: MakeStore): Promise<TestYard> {
    const clock = { now: 1_000_000 };
    const open = await make({
      clock: { nowMs: () => clock.now, monotonicMs: () => clock.now },
      policy: () => DEFAULT_RETRY_POLICY,
    });
    const opened: Store[] = [];
    onTestFinished(async () => {
      for (const store of opened) await store.close();
    });
    const openAndClose = async () => {
      const store = await open();
      opened.push(store);
      return store;
    };
    const stores = { store: await openAndClose(), other: await openAndClose(), open: openAndClose };
    const scheduler = await acquireFree(stores.store, 'scheduler', 1);
    const train = await acquireFree(stores.store, 'train', 2);
    const proof = { key: 'green', tree: 'proven', gate: 'default', atMs: 0, durationMs: 0, evidence: 'log' };
    await stores.store.addVerdict(train, proof);
    return new TestYard(stores, { scheduler, train }, clock);
  }

  get nowMs(): number {
    return this.#clock.now;
  }

  pass(ms: number): void {
    this.#clock.now += ms;
  }

  async add(...ids: string[]): Promise<void> {
    await this.store.importTasks(ids.map((id) => imported(id)));
  }

  async dispatch(taskId: string): Promise<Running> {
    const options = { agent: 'mock', bootId: BOOT, expiresMonotonicMs: EXPIRES_MS };
    return { taskId, ...(await this.store.dispatch(this.scheduler, taskId, options)) };
  }

  /** Adds a task and takes it to `running`, claimed. */
  async running(taskId: string): Promise<Running> {
    await this.add(taskId);
    const running = await this.dispatch(taskId);
    if (!(await this.store.claim(running.fence, processIdentity(100), EXPIRES_MS))) throw new Error('not claimed');
    await this.store.spawned(this.scheduler, running.intentId);
    return running;
  }

  async accepted(taskId: string): Promise<Running> {
    const running = await this.running(taskId);
    await this.store.finish(running.fence, taskId, running.attempt, { kind: 'accepted', head: `head-of-${taskId}` });
    return running;
  }

  async landing(taskId: string): Promise<Running> {
    const running = await this.accepted(taskId);
    await this.store.transition(taskId, { kind: 'boarded' }, this.train);
    return running;
  }

  landIntent(taskId: string, attempt = 1) {
    return {
      kind: 'land',
      taskId,
      attempt,
      target: 'refs/heads/main',
      oldCommit: 'old',
      newCommit: `landed-${taskId}`,
      tree: 'proven',
      verdict: 'green',
    } as const;
  }

  async sealed(taskId: string): Promise<number> {
    await this.landing(taskId);
    return this.store.openLanding(this.train, this.landIntent(taskId));
  }

  async landed(taskId: string): Promise<void> {
    await this.store.closeLanding(this.train, await this.sealed(taskId), { kind: 'landed' });
  }

  async status(taskId: string): Promise<string | undefined> {
    return (await this.store.task(taskId))?.state.status;
  }

  /** The types of the events since a number, oldest first. */
  async eventTypes(sinceSeq = 0): Promise<string[]> {
    return (await this.store.events({ sinceSeq })).map(({ type }) => type);
  }

  async lastEvent(): Promise<YardEvent | undefined> {
    return (await this.store.events({ newest: true, limit: 1 }))[0];
  }

  async lastSeq(): Promise<number> {
    return (await this.lastEvent())?.seq ?? 0;
  }

  /** All that a store can tell, to see that nothing has changed. */
  async dump(): Promise<object> {
    const rows = (await this.other.rows()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const tasks = [];
    for (const { id } of rows) {
      const [task, attempts, answers] = [
        await this.other.task(id),
        await this.other.attempts(id),
        await this.other.answers(id),
      ];
      tasks.push({ task, attempts, answers });
    }
    return {
      rows,
      tasks,
      leases: await this.other.leases(),
      intents: await this.other.openIntents(),
      control: await this.other.control(),
      events: await this.other.events({}),
    };
  }
}

async function acquireFree(store: Store, resource: 'scheduler' | 'train', pid: number): Promise<Fence> {
  const taken = await store.acquire(resource, processIdentity(pid), EXPIRES_MS, () => false);
  if (taken.kind === 'held') throw new Error(`${resource} is held`);
  return taken.fence;
}
