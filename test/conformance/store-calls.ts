import { ATTEMPT_PHASES } from '../../src/core/attempt.ts';
import type { TurnRecord } from '../../src/store/spending.ts';
import { settlementOf, turnOf } from './store-turns.ts';
import type { PauseSubject } from '../../src/core/pause.ts';
import type { AttemptOutcome } from '../../src/core/attempt.ts';
import { taskResource } from '../../src/core/lease.ts';
import type { Fence, Lease, LeaseResource } from '../../src/core/lease.ts';
import type { TaskEvent } from '../../src/core/task-event.ts';
import type { TaskStatus } from '../../src/core/task-state.ts';
import type { IntentRecord, Store, StoreReader, TaskImport, TaskRow } from '../../src/store/store.ts';
import type { Random } from '../sim/random.ts';
import { BOOT, EXPIRES_MS, imported, processIdentity } from './store-yard.ts';

/** What changes a store. */
export type Writing = Exclude<keyof Store, keyof StoreReader>;

/** One call, as it can be made of any store. */
export interface Call {
  readonly method: Writing;
  readonly text: string;
  readonly on: (store: Store) => Promise<unknown>;
}

export const TASK_IDS = ['T-1', 'T-2', 'T-3', 'T-4', 'T-5', 'T-6', 'T-7', 'T-8'];
const VITAL: readonly LeaseResource[] = ['scheduler', 'train'];
const PLACES: readonly LeaseResource[] = ['slot:1', 'prewarm:node'];
export const RESOURCES: readonly LeaseResource[] = [...VITAL, ...PLACES, ...TASK_IDS.map(taskResource)];
export const VERDICT_KEYS = ['key-1', 'key-2', 'key-3'];
export const CURSORS = ['cursor-1', 'cursor-2'];
export const HASHES = ['hash-a', 'hash-b'];
const TREES = ['tree-1', 'tree-2', 'tree-3'];
const PAUSES: readonly PauseSubject[] = [
  { of: 'all' },
  { of: 'train' },
  { of: 'area', name: 'api' },
  { of: 'agent', name: 'codex:fast' },
];
const HEADS = ['head-1', 'head-2'];
const POOL_NAMES = ['claude', 'codex'];
const POOLS = [null, ...POOL_NAMES];

/** How often each is called, among all others; what no task could live without is called most. */
const WEIGHTS: { readonly [M in Writing]: number } = {
  importTasks: 4,
  transition: 16,
  withdraw: 2,
  answer: 4,
  approve: 4,
  acquire: 6,
  claim: 6,
  renew: 4,
  release: 2,
  dispatch: 40,
  spawned: 5,
  progress: 8,
  finish: 40,
  lose: 4,
  reserveTurn: 20,
  settleTurn: 14,
  holdPool: 1,
  resumePool: 2,
  clearPool: 3,
  openLanding: 8,
  closeLanding: 8,
  addVerdict: 4,
  stop: 1,
  interrupt: 4,
  closeKill: 6,
  resume: 14,
  pause: 6,
  unpause: 6,
  resetBreaker: 2,
  setCursor: 2,
  note: 2,
};
export const METHODS = Object.keys(WEIGHTS) as Writing[];
const WEIGHTED = METHODS.flatMap((method) => Array<Writing>(WEIGHTS[method]).fill(method));

/** What makes no sense without a task in this state, or an open intent of this kind. */
const NEEDS: { readonly [M in Writing]?: TaskStatus | IntentRecord['intent']['kind'] | 'turn' } = {
  answer: 'blocked',
  approve: 'blocked',
  dispatch: 'ready',
  spawned: 'spawn',
  progress: 'running',
  finish: 'running',
  lose: 'running',
  openLanding: 'landing',
  closeLanding: 'land',
  closeKill: 'kill',
  reserveTurn: 'running',
  settleTurn: 'turn',
};

/** The next call: mostly one that the state of the store admits, often one that it does not. */
export async function nextCall(random: Random, store: StoreReader): Promise<Call> {
  const [rows, leases, intents] = [await store.rows(), await store.leases(), await store.openIntents()];
  const there = new Set<string>([
    ...rows.map(({ state }) => state.status),
    ...intents.map(({ intent }) => intent.kind),
  ]);
  const open = await openTurns(store, rows);
  if (open.length > 0) there.add('turn');
  const method = rows.length === 0 ? 'importTasks' : pickMethod(random, there);
  const args: readonly unknown[] = ARGUMENTS[method](new Scene(random, { rows, leases, intents, turns: open }));
  const said = args.map((arg) => (typeof arg === 'function' ? String(arg) : (JSON.stringify(arg) ?? 'undefined')));
  return {
    method,
    text: `${method}(${said.join(', ')})`,
    on: (each) => Reflect.apply(each[method], each, args) as Promise<unknown>,
  };
}

async function openTurns(store: StoreReader, rows: readonly TaskRow[]): Promise<TurnRecord[]> {
  const turns = [];
  for (const { id, state } of rows) if (state.status === 'running') turns.push(...(await store.turns(id)));
  return turns.filter(({ settled }) => settled === null);
}

function pickMethod(random: Random, there: ReadonlySet<string>): Writing {
  for (;;) {
    const method = random.pick(WEIGHTED) ?? 'note';
    const need = NEEDS[method];
    if (need === undefined || there.has(need) || random.once(20)) return method;
  }
}

/** What a call is made up from: the state of the store, and chance. */
export class Scene {
  readonly random: Random;
  readonly rows: readonly TaskRow[];
  readonly leases: readonly Lease[];
  readonly intents: readonly IntentRecord[];

  /** Those that are open, by the numbers of their tasks. */
  readonly turns: readonly TurnRecord[];

  constructor(random: Random, { rows, leases, intents, turns }: Pick<Scene, 'rows' | 'leases' | 'intents' | 'turns'>) {
    this.random = random;
    this.turns = turns.toSorted((a, b) => a.id - b.id);
    this.rows = rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    this.leases = leases.toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
    this.intents = intents;
  }

  any<T>(from: readonly T[]): T {
    // A list that holds `undefined` may be given, an empty one may not.
    return this.random.pick(from) as T;
  }

  maybe<T>(value: T): T | undefined {
    return this.random.once(2) ? value : undefined;
  }

  /** Now and then one that is in another state, or that nobody knows. */
  task(...statuses: readonly TaskStatus[]): { readonly id: string; readonly row: TaskRow | undefined } {
    const fitting = this.rows.filter(({ state }) => statuses.includes(state.status));
    if (this.random.once(8) || fitting.length === 0) {
      const id = this.any([...TASK_IDS, 'T-404']);
      return { id, row: this.rows.find((row) => row.id === id) };
    }
    const row = this.any(fitting);
    return { id: row.id, row };
  }

  attempt(row: TaskRow | undefined): number {
    return this.random.once(12) ? this.random.below(4) : (row?.attempts ?? 1);
  }

  /** Now and then one that is outdated, not handed out yet, or on something else. */
  fence(resource: LeaseResource): Fence {
    const token = this.leases.find((lease) => lease.resource === resource)?.token ?? this.random.below(4);
    if (!this.random.once(12)) return { resource, token };
    return this.random.once(2)
      ? { resource, token: token - 1 + 2 * this.random.below(2) }
      : { resource: this.any(RESOURCES), token };
  }

  /** On anything that is held. */
  anyFence(): Fence {
    return this.fence(this.random.pick(this.leases)?.resource ?? 'scheduler');
  }

  intent(kind: IntentRecord['intent']['kind']): number {
    const fitting = this.intents.filter(({ intent }) => intent.kind === kind);
    return this.random.once(8) || fitting.length === 0 ? this.random.below(30) : this.any(fitting).id;
  }

  expiresMs(): number {
    return EXPIRES_MS + this.random.below(1_000);
  }
}

const ARGUMENTS: { readonly [M in Writing]: (scene: Scene) => Parameters<Store[M]> } = {
  importTasks: (scene) => [importsOf(scene), scene.random.once(4) ? scene.fence('scheduler') : undefined],
  transition: (scene) => {
    const { id, row } = scene.task('accepted', 'landing', 'in-review', 'blocked', 'parked');
    return [id, eventFor(scene, row), scene.random.once(4) ? scene.anyFence() : undefined];
  },
  withdraw: (scene) => {
    const { id } = scene.task('ready', 'running', 'landing', 'blocked');
    const by = scene.any(TASK_IDS);
    const parked = { kind: 'parked', why: 'later' } as const;
    const event = scene.any([{ kind: 'cancelled' }, { kind: 'superseded', by }, parked, parked] as const);
    return [id, event, scene.random.once(4) ? scene.anyFence() : undefined];
  },
  answer: (scene) => [blockedOn(scene, 'question'), scene.any(['yes', 'no'])],
  approve: (scene) => [blockedOn(scene, 'approval'), scene.any(HASHES)],
  acquire: (scene) => {
    const missing = VITAL.filter((resource) => !scene.leases.some((lease) => lease.resource === resource));
    const resource = missing.length > 0 ? scene.any(missing) : scene.any(scene.random.once(4) ? RESOURCES : PLACES);
    const mayTake = scene.random.once(3) ? () => true : () => false;
    return [resource, processIdentity(scene.random.below(9)), scene.expiresMs(), mayTake];
  },
  claim: (scene) => {
    const unclaimed = scene.leases.filter(({ owner }) => owner === null);
    const resource = scene.random.pick(unclaimed)?.resource ?? scene.any(RESOURCES);
    return [scene.fence(resource), processIdentity(scene.random.below(9)), scene.expiresMs()];
  },
  renew: (scene) => [scene.anyFence(), scene.expiresMs()],
  release: (scene) => [scene.fence(scene.any(scene.random.once(4) ? RESOURCES : PLACES))],
  dispatch: (scene) => {
    const pool = scene.maybe({ pool: scene.any(POOLS) });
    const options = { agent: 'mock', ...pool, bootId: BOOT, expiresMonotonicMs: scene.expiresMs() };
    return [scene.fence('scheduler'), scene.task('ready').id, options];
  },
  spawned: (scene) => [scene.fence('scheduler'), scene.intent('spawn')],
  progress: (scene) => {
    const { id, row } = scene.task('running');
    const change = {
      ...scene.maybe({ phase: scene.any(ATTEMPT_PHASES) }),
      ...scene.maybe({ base: scene.any(HEADS) }),
      ...scene.maybe({ head: scene.any(HEADS) }),
      ...scene.maybe({ activity: 'at work' }),
    };
    return [scene.fence(taskResource(id)), id, scene.attempt(row), change];
  },
  finish: (scene) => {
    const { id, row } = scene.task('running');
    const signature = scene.any(['signature-1', 'signature-1', 'signature-2', null, undefined]);
    return [scene.fence(taskResource(id)), id, scene.attempt(row), outcomeOf(scene), signature];
  },
  lose: (scene) => {
    const { id, row } = scene.task('running');
    return [scene.fence('scheduler'), scene.fence(taskResource(id)), id, scene.attempt(row), outcomeOf(scene)];
  },
  reserveTurn: (scene) => {
    const { id, row } = scene.task('running');
    return [scene.fence(taskResource(id)), turnOf(scene, id, scene.attempt(row))];
  },
  settleTurn: (scene) => {
    const turn = scene.random.pick(scene.turns);
    const taskId = turn?.taskId ?? scene.task('running').id;
    const turnId = turn === undefined || scene.random.once(8) ? 1 + scene.random.below(12) : turn.id;
    return [scene.fence(taskResource(taskId)), turnId, settlementOf(scene)];
  },
  holdPool: (scene) => [scene.any(POOL_NAMES), 'ada', 'a look around'],
  resumePool: (scene) => [scene.any(POOL_NAMES)],
  clearPool: (scene) => [scene.any(POOL_NAMES)],
  openLanding: (scene) => {
    const { id, row } = scene.task('landing');
    const commits = { oldCommit: 'old', newCommit: `new-${id}`, ...proofOf(scene) };
    const intent = { kind: 'land', taskId: id, attempt: scene.attempt(row), target: 'refs/heads/main', ...commits };
    return [scene.fence('train'), intent as Parameters<Store['openLanding']>[1]];
  },
  closeLanding: (scene) => {
    const result = scene.any([{ kind: 'landed' }, { kind: 'undone', why: 'it moved' }] as const);
    return [scene.fence('train'), scene.intent('land'), result];
  },
  addVerdict: (scene) => {
    const { verdict: key, tree } = proofOf(scene);
    const times = { atMs: scene.random.below(9), durationMs: scene.random.below(9) / 2 };
    return [scene.anyFence(), { key, tree, gate: 'default', ...times, evidence: 'log' }];
  },
  stop: (scene) => ['ada', 'lunch', scene.random.once(3) ? scene.anyFence() : undefined],
  interrupt: () => ['bob', 'enough'],
  closeKill: (scene) => [scene.intent('kill'), scene.random.once(2) ? scene.fence('scheduler') : undefined],
  resume: () => [],
  pause: (scene) => [scene.any(PAUSES), 'operator', 'a look around'],
  unpause: (scene) => [scene.any(PAUSES)],
  resetBreaker: () => [],
  setCursor: (scene) => [scene.any(CURSORS), scene.random.below(20)],
  note: (scene) => {
    const about = {
      ...scene.maybe({ taskId: scene.any(TASK_IDS) }),
      ...scene.maybe({ attempt: scene.random.below(3) }),
      ...scene.maybe({ fence: scene.anyFence() }),
    };
    return ['noted', scene.any([null, 1, 'text', { of: ['many', null] }]), scene.any([about, undefined])];
  },
};

function importsOf(scene: Scene): TaskImport[] {
  return Array.from({ length: scene.random.below(scene.rows.length === 0 ? 16 : 4) }, () => {
    // One that differs from a known one only in case is refused, with all that is imported beside it.
    const id = scene.random.once(20) ? 't-1' : scene.any(TASK_IDS);
    const rest = {
      priority: scene.random.below(3),
      after: scene.random.once(3) ? [scene.any([...TASK_IDS, 'T-404'])] : [],
      supersedes: scene.random.once(15) ? [scene.any([...TASK_IDS, 'T-404'])] : [],
      acceptance: scene.random.once(4) ? [] : ['it works'],
    };
    const entry = imported(id, rest, scene.any(['hash-1', 'hash-2']));
    return scene.random.once(6) ? { ...entry, source: null } : entry;
  });
}

/** A verdict's key, mostly with the tree that goes with it. */
function proofOf(scene: Scene): { readonly verdict: string; readonly tree: string } {
  const index = scene.random.below(VERDICT_KEYS.length);
  const verdict = VERDICT_KEYS[index] ?? '';
  return { verdict, tree: scene.random.once(6) ? scene.any(TREES) : (TREES[index] ?? '') };
}

function blockedOn(scene: Scene, kind: 'question' | 'approval'): string {
  const fitting = scene.rows.filter(({ state }) => state.status === 'blocked' && state.on.kind === kind);
  return scene.random.once(8) || fitting.length === 0 ? scene.task('ready').id : scene.any(fitting).id;
}

function eventFor(scene: Scene, row: TaskRow | undefined): TaskEvent {
  const head = scene.any(HEADS);
  const why = 'a reason';
  if (row !== undefined && !scene.random.once(4)) {
    const { status } = row.state;
    if (status === 'parked') return { kind: 'unparked' };
    if (status === 'accepted') return { kind: scene.any(['boarded', 'boarded', 'boarded', 'review-opened']) };
    if (status === 'in-review') return scene.any([{ kind: 'repair-wanted' }, { kind: 'review-merged', commit: head }]);
  }
  const atMs = scene.random.below(1_000);
  const events: readonly TaskEvent[] = [
    { kind: 'proposal-valid' },
    { kind: 'proposal-invalid' },
    { kind: 'leased', attempt: 1 },
    { kind: 'accepted', head },
    { kind: 'product-failure', why },
    { kind: 'infrastructure-failure', why, atMs, retryAtMs: null, collected: null },
    { kind: 'person-needed', on: { kind: 'question', text: 'which?' } },
    { kind: 'integrity-failure', why },
    { kind: 'lease-lost', why, atMs, together: false, collected: head },
    { kind: 'no-progress', why },
    { kind: 'postponed', why, pool: null },
    { kind: 'interrupted', why },
    { kind: 'answered' },
    { kind: 'approved' },
    { kind: 'refused', why },
    { kind: 'boarded' },
    { kind: 'sealed' },
    { kind: 'unboarded' },
    { kind: 'landed', commit: head },
    { kind: 'conflicted', why, detail: 'both sides' },
    { kind: 'blamed', why, detail: 'the log' },
    { kind: 'unapproved', on: { kind: 'approval', head, hash: scene.any(HASHES), paths: ['p'], merged: true } },
    { kind: 'review-opened' },
    { kind: 'review-closed' },
    { kind: 'repair-wanted' },
    { kind: 'review-merged', commit: head },
    { kind: 'parked', why },
    { kind: 'unparked' },
    { kind: 'woken' },
    { kind: 'cancelled' },
    { kind: 'superseded', by: scene.any(TASK_IDS) },
  ];
  return scene.any(events);
}

function outcomeOf(scene: Scene): AttemptOutcome {
  const head = scene.any(HEADS);
  const why = 'a reason';
  const paths = ['src/a.ts'];
  const accepted: AttemptOutcome = { kind: 'accepted', head };
  const forPeople: readonly AttemptOutcome[] = [
    { kind: 'question', text: 'which?' },
    { kind: 'needs-approval', head, hash: scene.any(HASHES), paths },
  ];
  const others: readonly AttemptOutcome[] = [
    { kind: 'gate-red', head, summary: 'red', logTail: 'tail' },
    { kind: 'audit-needs-fix', head, summary: 'no' },
    { kind: 'scope', violations: [{ path: 'src/a.ts', why: 'outside' }] },
    { kind: 'no-change' },
    { kind: 'no-packet', why, outputTail: 'tail' },
    { kind: 'provider', why, retryAtMs: scene.any([null, 2_000_000]) },
    { kind: 'provider', why, retryAtMs: null, pool: 'claude' },
    { kind: 'budget', of: 'day', why },
    { kind: 'infrastructure', why },
    { kind: 'infrastructure', why, fault: 'disk-full' },
    { kind: 'infrastructure', why, fault: 'exhausted' },
    { kind: 'conflict', paths, why },
    { kind: 'integrity', why },
    { kind: 'policy', why, paths },
    { kind: 'cancelled' },
    { kind: 'lost', why },
    { kind: 'lost', why, together: true },
  ];
  if (scene.random.once(3)) return accepted;
  return scene.any(scene.random.once(3) ? forPeople : others);
}
