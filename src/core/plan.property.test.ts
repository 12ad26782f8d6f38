import { DISK_ROOMY } from './disk.ts';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Pause } from './pause.ts';
import type { AttemptOutcome } from './attempt.ts';
import { decide } from './decision.ts';
import { dispatchOrder, Frontier } from './frontier.ts';
import { isSettled, lostWhy, plan, turns, waitingOf } from './plan.ts';
import type { Command } from './plan.ts';
import { overlaps, parsePatterns } from './scope.ts';
import type { AttemptLease, KillSubject, DependencyState, PlanLimits, Snapshot, TaskView } from './snapshot.ts';
import { IllegalTransitionError, step } from './step.ts';
import type { TaskEvent } from './task-event.ts';
import { isFinal, NO_COUNTERS, READY } from './task-state.ts';
import type { RetryPolicy, TaskState } from './task-state.ts';

const policy: RetryPolicy = {
  retries: 1,
  infrastructure: 1,
  lost: 1,
  lostTogether: 1,
  conflicts: 1,
  backoffMs: 10,
  backoffMaxMs: 40,
};
const attemptsMax =
  (policy.retries + policy.conflicts + 1) * (policy.infrastructure + policy.lost + policy.lostTogether + 1);
const FOREVER_MS = 1e12;

/** A yard without processes, git and store: what commands and the outer world do to its rows. */
class Model {
  readonly tasks: TaskView[];
  readonly limits: PlanLimits;
  leases: AttemptLease[] = [];
  attempts = new Map<string, number>();
  /** Attempts since a person or a forge last put the task back. */
  sinceHelp = new Map<string, number>();
  nowMs = 0;
  trainLive = false;
  stopped = false;
  landingBlocked = false;
  failuresInARow = 0;
  kills: KillSubject[] = [];
  pauses: Pause[] = [];

  constructor(tasks: readonly TaskView[], limits: PlanLimits) {
    this.tasks = [...tasks];
    this.limits = limits;
  }

  snapshot(): Snapshot {
    const final = this.tasks.filter(({ state }) => isFinal(state.status));
    return {
      tasks: this.tasks.filter((task) => !final.includes(task)),
      dependencies: new Map<string, DependencyState>(final.map(({ id, state }) => [id, state.status])),
      successors: new Map(),
      leases: this.leases,
      train: { live: this.trainLive, openLandings: this.tasks.filter(({ state }) => isSealed(state)).length },
      stopped: this.stopped ? { by: 'ada', why: 'test', atMs: 0 } : null,
      pauses: this.pauses,
      failuresInARow: this.failuresInARow,
      landingBlocked: this.landingBlocked ? 'the target is checked out' : null,
      disk: DISK_ROOMY,
      pools: [],
      atWork: [],
      budgets: [],
      limits: this.limits,
      monotonicMs: this.nowMs,
      graces: [],
      isFirstLook: false,
      kills: this.kills.map((subject, index) => ({ intentId: index + 1, subject })),
    };
  }

  /** False: the state does not admit the event. */
  raise(id: string, event: TaskEvent): boolean {
    const at = this.tasks.findIndex((task) => task.id === id);
    const task = this.tasks[at]!;
    try {
      this.tasks[at] = { ...task, ...step(task, event, policy) };
    } catch (error) {
      if (error instanceof IllegalTransitionError) return false;
      throw error;
    }
    if (HELP.has(event.kind)) this.sinceHelp.set(id, 0);
    if (task.state.status === 'running') this.leases = this.leases.filter(({ taskId }) => taskId !== id);
    return true;
  }

  /** What `yard stop --now` writes. */
  interrupt(): void {
    this.stopped = true;
    for (const { id, state } of this.tasks) {
      if (state.status !== 'running' || this.#isKilled(id)) continue;
      this.leases = this.leases.filter(({ taskId }) => taskId !== id);
      this.kills.push({ of: 'attempt', taskId: id, attempt: state.attempt, token: state.attempt });
    }
    if (this.trainLive) this.kills.push({ of: 'train', token: 1 });
    this.trainLive = false;
  }

  #isKilled(id: string): boolean {
    return this.kills.some((subject) => subject.of === 'attempt' && subject.taskId === id);
  }

  finish(id: string, outcome: AttemptOutcome): void {
    // Its token is void.
    if (this.#isKilled(id)) return;
    const event = decide(outcome, this.nowMs);
    if (event === null || !this.raise(id, event)) return;
    if (outcome.kind === 'accepted') this.failuresInARow = 0;
    else if (event.kind === 'product-failure') this.failuresInARow += 1;
  }

  carryOut(command: Command): void {
    switch (command.kind) {
      case 'kill': {
        const { subject } = command;
        this.kills = this.kills.filter((each) => each !== subject);
        if (subject.of === 'attempt') this.raise(subject.taskId, { kind: 'interrupted', why: 'w' });
        return;
      }
      case 'recover': {
        const { why } = command;
        this.finish(command.taskId, why === 'unclaimed' ? { kind: 'infrastructure', why } : { kind: 'lost', why });
        return;
      }
      case 'integrate':
        this.trainLive = true;
        return;
      case 'dispatch': {
        const attempt = (this.attempts.get(command.taskId) ?? 0) + 1;
        assert.ok(this.raise(command.taskId, { kind: 'leased', attempt }));
        this.attempts.set(command.taskId, attempt);
        this.sinceHelp.set(command.taskId, (this.sinceHelp.get(command.taskId) ?? 0) + 1);
        const expiresMonotonicMs = this.nowMs + 100;
        this.leases.push({ taskId: command.taskId, attempt, token: attempt, owner: 'unclaimed', expiresMonotonicMs });
      }
    }
  }
}

const HELP = new Set(['answered', 'approved', 'unparked', 'repair-wanted', 'interrupted']);

function isSealed(state: TaskState): boolean {
  return state.status === 'landing' && state.sealed;
}

/** What happens between two cycles; `pick` chooses among the tasks. */
type Happening =
  | { readonly kind: 'cycle'; readonly times: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'lease'; readonly pick: number; readonly owner: AttemptLease['owner'] }
  | { readonly kind: 'finish'; readonly pick: number; readonly outcome: AttemptOutcome }
  | { readonly kind: 'event'; readonly pick: number; readonly event: TaskEvent }
  | { readonly kind: 'train-ends' | 'stop' | 'interrupt' | 'resume' | 'block' | 'unblock' };

const pick = fc.nat({ max: 99 });
const outcomes = fc.constantFrom<AttemptOutcome[]>(
  { kind: 'accepted', head: 'h' },
  { kind: 'accepted', head: 'h' },
  { kind: 'gate-red', head: 'h', summary: 's', logTail: 't' },
  { kind: 'no-change' },
  { kind: 'question', text: '?' },
  { kind: 'needs-approval', head: 'h', hash: 'x', paths: ['p'] },
  { kind: 'provider', why: 'quota', retryAtMs: 500 },
  { kind: 'infrastructure', why: 'disk' },
  { kind: 'integrity', why: 'forged' },
);
const outside = fc.constantFrom<TaskEvent[]>(
  { kind: 'boarded' },
  { kind: 'sealed' },
  { kind: 'landed', commit: 'c' },
  { kind: 'unboarded' },
  { kind: 'conflicted', why: 'w', detail: 'd' },
  { kind: 'blamed', why: 'w', detail: 'd' },
  { kind: 'answered' },
  { kind: 'approved' },
  { kind: 'refused', why: 'w' },
  { kind: 'unparked' },
  { kind: 'review-opened' },
  { kind: 'review-merged', commit: 'c' },
  { kind: 'repair-wanted' },
  { kind: 'cancelled' },
  { kind: 'superseded', by: 'T-99' },
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('cycle'), times: fc.constantFrom(1, 2) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('finish'), pick, outcome: outcomes }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('event'), pick, event: outside }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 50, 1_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('lease'), pick, owner: fc.constantFrom('live', 'dead', 'elsewhere') }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('train-ends', 'resume', 'unblock') }) },
  fc.record({ kind: fc.constantFrom('stop', 'interrupt', 'block') }),
);

const patterns = fc.constantFrom(
  'src',
  'src/a.ts',
  'src/*.ts',
  'SRC/b*',
  '**/*.md',
  'lib/**',
  'lib/?',
  '{docs,lib}/x',
  '*',
  '/bad',
);
const tasks: fc.Arbitrary<TaskView[]> = fc
  .array(
    fc.record({
      owns: fc.array(patterns, { maxLength: 2 }),
      after: fc.array(fc.constantFrom('T-1', 'T-2', 'T-3', 'T-77'), { maxLength: 1 }),
      priority: fc.constantFrom(0, 0, 1),
      problems: fc.constantFrom<string[][]>([], [], [], ['no objective']),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((list) =>
    list.map((one, at) => ({
      ...one,
      id: `T-${at}`,
      title: '',
      state: READY,
      counters: NO_COUNTERS,
      updatedMs: 0,
      area: null,
      agents: [{ spec: 'codex', name: 'codex', pool: null, model: null }],
    })),
  );
const limits: fc.Arbitrary<PlanLimits> = fc.record({
  concurrent: fc.integer({ min: 1, max: 4 }),
  dispatchPerCycle: fc.integer({ min: 1, max: 3 }),
  consecutiveFailures: fc.integer({ min: 1, max: 5 }),
  backlog: fc.integer({ min: 1, max: 4 }),
  areas: fc.constant({}),
});

function happen(model: Model, one: Happening, cycle: () => void): void {
  switch (one.kind) {
    case 'cycle':
      for (let time = 0; time < one.times; time += 1) cycle();
      return;
    case 'wait':
      model.nowMs += one.ms;
      return;
    case 'lease': {
      const at = one.pick % Math.max(1, model.leases.length);
      model.leases = model.leases.map((lease, index) => (index === at ? { ...lease, owner: one.owner } : lease));
      return;
    }
    case 'finish': {
      const running = model.tasks.filter(({ state }) => state.status === 'running');
      const task = running[one.pick % Math.max(1, running.length)];
      if (task !== undefined) model.finish(task.id, one.outcome);
      return;
    }
    case 'event':
      model.raise(model.tasks[one.pick % model.tasks.length]!.id, one.event);
      return;
    case 'train-ends':
      model.trainLive = false;
      return;
    case 'interrupt':
      model.interrupt();
      return;
    case 'stop':
    case 'resume':
      model.stopped = one.kind === 'stop';
      if (one.kind === 'resume') model.failuresInARow = 0;
      return;
    case 'block':
    case 'unblock':
      model.landingBlocked = one.kind === 'block';
  }
}

/** Runs yards through anything, with `atCycle` before each cycle and `after` after each happening. */
function everyYard(check: {
  atCycle?: (model: Model, snapshot: Snapshot, commands: readonly Command[]) => void;
  afterCycle?: (model: Model, commands: readonly Command[]) => void;
  after?: (model: Model) => void;
}): void {
  fc.assert(
    fc.property(tasks, limits, fc.array(happening, { maxLength: 60, size: 'max' }), (list, most, happenings) => {
      const model = new Model(list, most);
      const cycle = (): void => {
        const snapshot = model.snapshot();
        const commands = plan(snapshot, model.nowMs);
        check.atCycle?.(model, snapshot, commands);
        for (const command of commands) model.carryOut(command);
        check.afterCycle?.(model, commands);
      };
      cycle();
      for (const one of happenings) {
        happen(model, one, cycle);
        check.after?.(model);
      }
    }),
    { numRuns: 300 },
  );
}

const holding = new Set(['running', 'accepted', 'landing', 'in-review']);

test('no two tasks that run, or are accepted and not landed, have scopes that meet', () => {
  everyYard({
    after: (model) => {
      const held = model.tasks.filter(({ state, owns }) => holding.has(state.status) && owns.length > 0);
      for (const [at, a] of held.entries()) {
        for (const b of held.slice(at + 1)) {
          const [left, right] = [parsePatterns(a.owns), parsePatterns(b.owns)];
          const met = left.some((one) => right.some((other) => overlaps(one, other)));
          assert.ok(!met, `${a.id} (${a.owns.join(', ')}) and ${b.id} (${b.owns.join(', ')})`);
        }
      }
    },
  });
});

test('running tasks and attempts keep to their limits', () => {
  everyYard({
    after: (model) => {
      assert.ok(model.tasks.filter(({ state }) => state.status === 'running').length <= model.limits.concurrent);
      for (const attempts of model.sinceHelp.values()) assert.ok(attempts <= attemptsMax);
    },
  });
});

test('a task starts only after all that it comes after has landed, and never with a problem', () => {
  everyYard({
    atCycle: (model, _snapshot, commands) => {
      for (const command of commands) {
        if (command.kind !== 'dispatch') continue;
        const task = model.tasks.find(({ id }) => id === command.taskId)!;
        assert.deepEqual(task.problems, []);
        for (const id of task.after) {
          assert.equal(model.tasks.find((other) => other.id === id)?.state.status, 'landed');
        }
      }
    },
  });
});

test('the same snapshot gives the same commands, in any order of its rows', () => {
  everyYard({
    atCycle: (model, snapshot, commands) => {
      assert.deepEqual(plan(snapshot, model.nowMs), commands);
      assert.deepEqual(plan({ ...snapshot, tasks: snapshot.tasks.toReversed() }, model.nowMs), commands);
    },
  });
});

test('what was carried out is not planned again', () => {
  everyYard({
    afterCycle: (model, commands) => {
      const key = (command: Command): string =>
        command.kind === 'recover'
          ? `recover ${command.taskId} ${command.token}`
          : `${command.kind} ${'taskId' in command ? command.taskId : ''}`;
      const done = new Set(commands.map(key));
      for (const again of plan(model.snapshot(), model.nowMs)) assert.ok(!done.has(key(again)), key(again));
    },
  });
});

test('a dispatched task has no refusal at its moment, every other ready task has one', () => {
  everyYard({
    atCycle: (model, snapshot, commands) => {
      const frontier = new Frontier(snapshot, model.nowMs);
      const dispatched = new Set(commands.flatMap((command) => (command.kind === 'dispatch' ? [command.taskId] : [])));
      for (const task of snapshot.tasks.toSorted(dispatchOrder)) {
        if (task.state.status !== 'ready') continue;
        const refusals = [...frontier.refusals(task)];
        assert.equal(refusals.length === 0, dispatched.has(task.id), `${task.id}: ${JSON.stringify(refusals)}`);
        if (refusals.length === 0) frontier.start(task);
      }
    },
  });
});

test('the turns of all ready tasks start those that are dispatched, and refuse each other one', () => {
  everyYard({
    atCycle: (model, snapshot, commands) => {
      const all = [...turns(snapshot, new Frontier(snapshot, model.nowMs))];
      const ready = snapshot.tasks.filter(({ state }) => state.status === 'ready').toSorted(dispatchOrder);
      assert.deepEqual(
        all.map(({ task }) => task.id),
        ready.map(({ id }) => id),
      );
      assert.deepEqual(
        all.filter(({ refusal }) => refusal === null).map(({ task }) => task.id),
        commands.flatMap((command) => (command.kind === 'dispatch' ? [command.taskId] : [])),
      );
    },
  });
});

test('a recovery is planned exactly for the leases that are lost', () => {
  everyYard({
    atCycle: (_model, snapshot, commands) => {
      const lost = snapshot.leases.filter((lease) => lostWhy(lease, snapshot.monotonicMs, snapshot.graces) !== null);
      const recovered = commands.filter(({ kind }) => kind === 'recover');
      assert.equal(recovered.length, lost.length);
    },
  });
});

test('a settled yard starts nothing however long it waits; one that is not moves, or will', () => {
  let settled = 0;
  everyYard({
    after: (model) => {
      const snapshot = model.snapshot();
      const later = [0, 1, 1_000, FOREVER_MS].map((ms) => plan(snapshot, model.nowMs + ms).map(({ kind }) => kind));
      if (isSettled(snapshot, model.nowMs)) {
        settled += 1;
        for (const kinds of later) assert.ok(!kinds.includes('dispatch'));
        return;
      }
      const moves =
        snapshot.tasks.some(({ state }) => state.status === 'running') ||
        snapshot.train.live ||
        snapshot.kills.length > 0;
      assert.ok(moves || later.some((kinds) => kinds.includes('dispatch') || kinds.includes('integrate')));
    },
  });
  expect(settled).toBeGreaterThan(0);
});

test('a task that does not move says why', () => {
  everyYard({
    after: (model) => {
      const snapshot = model.snapshot();
      if (!isSettled(snapshot, model.nowMs)) return;
      const frontier = new Frontier(snapshot, model.nowMs);
      for (const task of snapshot.tasks) {
        // A review moves on the forge's side.
        if (task.state.status === 'in-review') continue;
        assert.ok(waitingOf(task, snapshot, frontier).length > 0, JSON.stringify(task));
      }
    },
  });
});
