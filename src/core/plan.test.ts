import { DISK_ROOMY } from './disk.ts';
import type { AgentChoice } from './agent-pools.ts';
import { describe, expect, test } from 'vitest';
import { compareIds, dispatchOrder, Frontier, sortById } from './frontier.ts';
import { isSettled, lostWhy, plan, turns, waitingOf } from './plan.ts';
import type { Pause, PauseSubject } from './pause.ts';
import type { AttemptLease, Snapshot, TaskView } from './snapshot.ts';
import { FROM_THE_AGENT, NO_COUNTERS, READY } from './task-state.ts';
import type { TaskState, TaskStatus } from './task-state.ts';

const agent = (name: string, more: Partial<AgentChoice> = {}): AgentChoice => ({
  spec: name,
  name,
  pool: null,
  model: null,
  ...more,
});

const task = (id: string, more: Partial<TaskView> = {}): TaskView => ({
  id,
  title: `title of ${id}`,
  state: READY,
  counters: NO_COUNTERS,
  updatedMs: 0,
  priority: 0,
  area: null,
  agents: [agent('codex')],
  owns: [],
  after: [],
  problems: [],
  ...more,
});

const snapshot = (tasks: readonly TaskView[], more: Partial<Snapshot> = {}): Snapshot => ({
  tasks,
  dependencies: new Map(),
  successors: new Map(),
  leases: [],
  train: { live: false, openLandings: 0 },
  stopped: null,
  pauses: [],
  failuresInARow: 0,
  landingBlocked: null,
  disk: DISK_ROOMY,
  pools: [],
  atWork: [],
  budgets: [],
  limits: { concurrent: 10, dispatchPerCycle: 10, consecutiveFailures: 5, backlog: 10, areas: {} },
  monotonicMs: 1_000,
  graces: [],
  kills: [],
  isFirstLook: false,
  ...more,
});
const stopped = { by: 'ada', why: 'lunch', atMs: 0 };
const pause = (subject: PauseSubject): Pause => ({ subject, by: 'ada', why: 'lunch', atMs: 0 });

const state = {
  proposed: { status: 'proposed' },
  ready: READY,
  running: { status: 'running', attempt: 1, entry: FROM_THE_AGENT },
  blocked: { status: 'blocked', attempt: 1, on: { kind: 'question', text: '?' } },
  accepted: { status: 'accepted', attempt: 1, head: 'h' },
  landing: { status: 'landing', attempt: 1, head: 'h', sealed: false },
  'in-review': { status: 'in-review', attempt: 1, head: 'h' },
  landed: { status: 'landed', commit: 'c' },
  parked: { status: 'parked', why: 'no retries left' },
  cancelled: { status: 'cancelled' },
  superseded: { status: 'superseded', by: 'T-9' },
} as const satisfies { readonly [S in TaskStatus]: TaskState };

const started = (from: Snapshot, nowMs = 0): string[] =>
  plan(from, nowMs).flatMap((command) => (command.kind === 'dispatch' ? [command.taskId] : []));
const reasons = (one: TaskView, from: Snapshot, nowMs = 0): string[] =>
  waitingOf(one, from, new Frontier(from, nowMs)).map(({ reason }) => reason);

test.each([
  [[]],
  [['T-1', 'T-2', 'T-3']],
  [['T-3', 'T-1', 'T-2']],
  [['T-9', 'T-10', 'T-8']],
  [['T-01', 'T-1', 'A-1', 'B-0']],
  [['T-10', 'T-11', 'TA-1']],
])('%j is put in the order of its ids', (ids) => {
  const items = ids.map((id) => ({ id }));
  expect(sortById(items)).toEqual(items.toSorted((a, b) => compareIds(a.id, b.id)));
});

describe('pauses', () => {
  const other = task('T-1', { area: 'api', agents: [agent('codex')] });
  const own = task('T-2', { area: 'ui', agents: [agent('claude')] });

  test.each([
    [{ of: 'all' }, []],
    [{ of: 'area', name: 'api' }, ['T-2']],
    [{ of: 'agent', name: 'claude' }, ['T-1']],
    [{ of: 'train' }, ['T-1', 'T-2']],
  ] as const)('%o leaves %o to start', (subject, left) => {
    const held = snapshot([other, own], { pauses: [pause(subject)] });
    expect(started(held)).toEqual(left);
    // It goes on in the same run once it is taken away.
    expect(isSettled(held, 0)).toBe(false);
  });

  test('the train: nothing new lands, an open landing is finished', () => {
    const held = { pauses: [pause({ of: 'train' })] };
    const accepted = task('T-1', { state: state.accepted });
    expect(plan(snapshot([accepted], held), 0)).toEqual([]);
    expect(reasons(accepted, snapshot([accepted], held))).toEqual(['paused', 'train']);
    const open = snapshot([accepted], { ...held, train: { live: false, openLandings: 1 } });
    expect(plan(open, 0)).toEqual([{ kind: 'integrate', accepted: 1, openLandings: 1 }]);
  });
});

test('a task whose last attempt is still being ended does not start beside it', () => {
  const kills = [{ intentId: 1, subject: { of: 'attempt', taskId: 'T-1', attempt: 3, token: 7 } }] as const;
  const from = snapshot([task('T-1'), task('T-2')], { kills });
  expect(started(from)).toEqual(['T-2']);
  expect(reasons(task('T-1'), from)).toEqual(['ending']);
  expect(isSettled(from, 0)).toBe(false);
});

describe('dispatch', () => {
  test('goes by priority, then by number', () => {
    const tasks = ['T-10', 'T-9', 'A-11', 'T-2'].map((id) => task(id));
    expect(started(snapshot([...tasks, task('Z-1', { priority: 1 })]))).toEqual(['Z-1', 'A-11', 'T-2', 'T-9', 'T-10']);
  });

  test('has an order for ids of the same number', () => {
    expect(compareIds('T-1', 'T-01')).toBe(-compareIds('T-01', 'T-1'));
    expect(compareIds('T-1', 'T-01')).not.toBe(0);
    expect(dispatchOrder(task('T-1'), task('T-1'))).toBe(0);
  });

  test('starts no two tasks whose patterns meet, though no such file exists', () => {
    const tasks = [
      task('T-1', { owns: ['src/a*'] }),
      task('T-2', { owns: ['src/*b.ts'] }),
      task('T-3', { owns: ['lib'] }),
    ];
    expect(started(snapshot(tasks))).toEqual(['T-1', 'T-3']);
  });

  test.each(['running', 'accepted', 'landing', 'in-review'] as const)('a task that is %s holds its paths', (status) => {
    const tasks = [task('T-1', { owns: ['src'], state: state[status] }), task('T-2', { owns: ['src/x.ts'] })];
    expect(started(snapshot(tasks))).toEqual([]);
    expect(waitingOf(tasks[1]!, snapshot(tasks), new Frontier(snapshot(tasks), 0))).toEqual([
      { reason: 'scope', holder: 'T-1', ours: 'src/x.ts', theirs: 'src' },
    ]);
  });

  test.each(['proposed', 'blocked', 'parked'] as const)('a task that is %s holds none', (status) => {
    const tasks = [task('T-1', { owns: ['src'], state: state[status] }), task('T-2', { owns: ['src/x.ts'] })];
    expect(started(snapshot(tasks))).toEqual(['T-2']);
  });

  test('tasks without a scope run beside all others', () => {
    expect(started(snapshot([task('T-1'), task('T-2'), task('T-3', { owns: ['**'] })]))).toEqual(['T-1', 'T-2', 'T-3']);
  });

  test('keeps to the limit of an area', () => {
    const tasks = ['T-1', 'T-2', 'T-3'].map((id) => task(id, { area: id === 'T-3' ? 'web' : 'api' }));
    const limits = { ...snapshot([]).limits, areas: { api: 1 } };
    expect(started(snapshot(tasks, { limits }))).toEqual(['T-1', 'T-3']);
    const running = [{ ...tasks[0]!, state: state.running }, ...tasks.slice(1)];
    expect(reasons(running[1]!, snapshot(running, { limits }))).toEqual(['area']);
  });

  test('keeps to the limits', () => {
    const tasks = [task('T-0', { state: state.running }), ...[1, 2, 3, 4].map((at) => task(`T-${at}`))];
    const limits = snapshot([]).limits;
    expect(started(snapshot(tasks, { limits: { ...limits, concurrent: 3 } }))).toEqual(['T-1', 'T-2']);
    expect(started(snapshot(tasks, { limits: { ...limits, dispatchPerCycle: 1 } }))).toEqual(['T-1']);
    expect(started(snapshot(tasks, { limits: { ...limits, concurrent: 1 } }))).toEqual([]);
    expect(reasons(tasks[1]!, snapshot(tasks, { limits: { ...limits, concurrent: 1 } }))).toEqual(['slots']);
    expect(reasons(tasks[1]!, snapshot(tasks, { limits: { ...limits, dispatchPerCycle: 0 } }))).toEqual([
      'cycle-limit',
    ]);
  });

  test('waits for what it comes after', () => {
    const dependencies = new Map([
      ['T-8', 'landed'],
      ['T-9', 'cancelled'],
    ] as const);
    const of = (id: string) => reasons(task('T-1', { after: [id] }), snapshot([task('T-7')], { dependencies }));
    expect([of('T-7'), of('T-8'), of('T-9'), of('T-6')]).toEqual([['dependency'], [], ['dependency'], ['dependency']]);
  });

  test('a task in a cycle says so; its cycle stops no others', () => {
    const tasks = [task('T-1', { after: ['T-2'] }), task('T-2', { after: ['T-1'] }), task('T-3')];
    expect(reasons(tasks[0]!, snapshot(tasks))).toEqual(['cycle', 'dependency']);
    expect(started(snapshot(tasks))).toEqual(['T-3']);
  });

  test('waits for the time that a failure put it off to', () => {
    // Put off by a clock that was ahead, and has been set right.
    const ahead = task('T-1', { state: { ...READY, notBeforeMs: 9e9 } as TaskState, updatedMs: 8e9 });
    expect(started(snapshot([ahead]), 100)).toEqual(['T-1']);
    const put = task('T-1', { state: { ...READY, notBeforeMs: 500 } as TaskState });
    expect(waitingOf(put, snapshot([put]), new Frontier(snapshot([put]), 100))).toEqual([
      { reason: 'not-before', notBeforeMs: 500, remainingMs: 400 },
    ]);
    expect(started(snapshot([put]), 499)).toEqual([]);
    expect(started(snapshot([put]), 500)).toEqual(['T-1']);
  });

  test('nothing starts in a stopped yard, after too many failures, or before a full train', () => {
    const tasks = [task('T-1'), task('T-2', { state: state.accepted }), task('T-3', { state: state.landing })];
    const limits = { ...snapshot([]).limits, backlog: 2 };
    const all = snapshot(tasks, { stopped, failuresInARow: 5, limits });
    expect(started(all)).toEqual([]);
    expect(reasons(tasks[0]!, all)).toEqual(['stopped', 'failures', 'backlog']);
  });

  test('a pattern that cannot be read stops its task and no other', () => {
    const tasks = [task('T-1', { owns: ['/etc'] }), task('T-2', { owns: ['src'] })];
    expect(started(snapshot(tasks))).toEqual(['T-2']);
    expect(waitingOf(tasks[0]!, snapshot(tasks), new Frontier(snapshot(tasks), 0))).toEqual([
      { reason: 'problem', problem: 'the pattern "/etc" in owns is absolute; patterns are relative to the repository' },
    ]);
  });

  test('a task that runs with such a pattern holds everything', () => {
    const tasks = [task('T-1', { owns: ['/etc'], state: state.running }), task('T-2', { owns: ['src'] }), task('T-3')];
    expect(started(snapshot(tasks))).toEqual(['T-3']);
  });
});

describe('recover', () => {
  const lease = (owner: AttemptLease['owner'], expiresMonotonicMs: number): AttemptLease => ({
    taskId: 'T-1',
    attempt: 1,
    token: 7,
    owner,
    expiresMonotonicMs,
  });

  test.each([
    ['unclaimed', 1_001, null],
    ['unclaimed', 1_000, 'unclaimed'],
    ['live', 1_001, null],
    ['live', 1_000, 'expired'],
    ['dead', 9_999, 'owner-dead'],
    ['elsewhere', 9_999, 'rebooted'],
  ] as const)('%s, expires at %i: %s', (owner, expires, why) => {
    expect(lostWhy(lease(owner, expires), 1_000, [])).toBe(why);
    const commands = plan(snapshot([task('T-1', { state: state.running })], { leases: [lease(owner, expires)] }), 0);
    expect(commands).toEqual(
      why === null ? [] : [{ kind: 'recover', taskId: 'T-1', attempt: 1, token: 7, why, together: why === 'rebooted' }],
    );
  });
});

test('what is lost together, or before the first look, is said to be', () => {
  const lease = (taskId: string) =>
    ({ taskId, attempt: 1, token: 7, owner: 'dead', expiresMonotonicMs: 9_999 }) as const;
  const tasks = [task('T-1', { state: state.running }), task('T-2', { state: state.running })];
  const together = (leases: Snapshot['leases'], isFirstLook = false): unknown[] =>
    plan(snapshot(tasks, { leases, isFirstLook }), 0).map((command) => 'together' in command && command.together);
  expect(together([lease('T-1')])).toEqual([false]);
  expect(together([lease('T-1')], true)).toEqual([true]);
  expect(together([lease('T-1'), lease('T-2')])).toEqual([true, true]);
});

describe('a scheduler that was away', () => {
  const grace = { sinceMonotonicMs: 0, untilMonotonicMs: 1_001 };
  test.each([
    ['unclaimed', null],
    ['live', null],
    ['dead', 'owner-dead'],
    ['elsewhere', 'rebooted'],
  ] as const)('%s: %s', (owner, why) => {
    const lease = { taskId: 'T-1', attempt: 1, token: 7, owner, expiresMonotonicMs: 500 };
    expect(lostWhy(lease, 1_000, [grace])).toBe(why);
    expect(lostWhy(lease, 1_001, [grace])).not.toBeNull();
    const from = snapshot([task('T-1', { state: state.running })], { leases: [lease], graces: [grace] });
    expect(plan(from, 0)).toHaveLength(why === null ? 0 : 1);
  });
});

describe('kill', () => {
  const attempt = { intentId: 3, subject: { of: 'attempt', taskId: 'T-1', attempt: 2, token: 7 } } as const;
  const train = { intentId: 4, subject: { of: 'train', token: 9 } } as const;

  test('comes first, also in a stopped yard, and before the next train', () => {
    const tasks = [task('T-1', { state: state.accepted }), task('T-2')];
    const kinds = (more: Partial<Snapshot>): string[] => plan(snapshot(tasks, more), 0).map(({ kind }) => kind);
    expect(plan(snapshot(tasks, { kills: [attempt, train], stopped }), 0)).toEqual([
      { kind: 'kill', ...attempt },
      { kind: 'kill', ...train },
    ]);
    expect(kinds({ kills: [attempt] })).toEqual(['kill', 'integrate', 'dispatch']);
    expect(kinds({ kills: [train] })).toEqual(['kill', 'dispatch']);
    expect(kinds({ kills: [train], train: { live: false, openLandings: 1 } })).toEqual(['kill', 'dispatch']);
  });
});

describe('integrate', () => {
  const tasks = [task('T-1', { state: state.accepted }), task('T-2', { state: state.landing })];
  const integrates = (more: Partial<Snapshot>, of = tasks): boolean =>
    plan(snapshot(of, more), 0).some(({ kind }) => kind === 'integrate');

  test('when there is something to land and no train lives', () => {
    expect(plan(snapshot(tasks), 0)).toEqual([{ kind: 'integrate', accepted: 2, openLandings: 0 }]);
    expect(integrates({ train: { live: true, openLandings: 1 } })).toBe(false);
    expect(integrates({}, [])).toBe(false);
  });

  test('not in a stopped yard or with a target that is in use, but an open landing is finished', () => {
    expect(integrates({ stopped })).toBe(false);
    expect(integrates({ landingBlocked: 'checked out' })).toBe(false);
    expect(integrates({ stopped, landingBlocked: 'checked out', train: { live: false, openLandings: 1 } })).toBe(true);
    expect(integrates({ train: { live: false, openLandings: 1 } }, [])).toBe(true);
  });
});

describe('waitingOf', () => {
  test('says why a task that is not ready does not move', () => {
    const approval = {
      status: 'blocked',
      attempt: 1,
      on: { kind: 'approval', head: 'h', hash: 'x', paths: ['p'] },
    } as const satisfies TaskState;
    const tasks = [
      task('T-1', { state: state.accepted }),
      task('T-2', { state: state.accepted }),
      task('T-3', { state: state.landing }),
    ];
    const of = (one: TaskView, more: Partial<Snapshot> = {}) =>
      waitingOf(one, snapshot(tasks, more), new Frontier(snapshot(tasks, more), 0));
    expect(of(task('T-4', { state: state.blocked }))).toEqual([{ reason: 'question', text: '?' }]);
    expect(of(task('T-4', { state: approval }))).toEqual([{ reason: 'approval', hash: 'x', paths: ['p'] }]);
    const merged = { ...approval, on: { ...approval.on, merged: true } };
    expect(of(task('T-4', { state: merged }))).toEqual([{ reason: 'approval', hash: 'x', paths: ['p'], merged: true }]);
    expect(of(task('T-4', { state: state.parked }))).toEqual([{ reason: 'parked', why: 'no retries left' }]);
    expect(of(tasks[1]!)).toEqual([{ reason: 'train', ahead: 2 }]);
    expect(of(tasks[2]!)).toEqual([]);
    expect(of(tasks[2]!, { landingBlocked: 'in use', stopped })).toEqual([
      { reason: 'landing-blocked', why: 'in use' },
      { reason: 'stopped', by: 'ada', why: 'lunch' },
    ]);
    for (const status of ['proposed', 'running', 'in-review', 'landed', 'cancelled', 'superseded'] as const) {
      expect(of(task('T-4', { state: state[status] }))).toEqual([]);
    }
  });
});

describe('isSettled', () => {
  const settled = (tasks: readonly TaskView[], more: Partial<Snapshot> = {}): boolean =>
    isSettled(snapshot(tasks, more), 0);
  const one = (status: TaskStatus): TaskView[] => [task('T-1', { state: state[status] })];

  test('what only a person or a forge moves is settled', () => {
    for (const status of ['proposed', 'blocked', 'in-review', 'landed', 'parked', 'cancelled', 'superseded'] as const) {
      expect(settled(one(status)), status).toBe(true);
    }
    expect(settled([])).toBe(true);
  });

  test('what moves by itself is not', () => {
    for (const status of ['ready', 'running', 'accepted', 'landing'] as const) {
      expect(settled(one(status)), status).toBe(false);
    }
    expect(settled([task('T-1', { state: { ...READY, notBeforeMs: 9e12 } as TaskState })])).toBe(false);
  });

  test('while nothing can land, accepted tasks and those that wait for them are', () => {
    for (const more of [{ stopped }, { landingBlocked: 'in use' }]) {
      expect(settled(one('accepted'), more)).toBe(true);
      expect(settled([...one('accepted'), task('T-2', { after: ['T-1'] })], more)).toBe(true);
      expect(settled(one('running'), more)).toBe(false);
    }
    const limits = { ...snapshot([]).limits, backlog: 1 };
    expect(settled([...one('accepted'), task('T-2')], { landingBlocked: 'in use', limits })).toBe(true);
    expect(settled([...one('accepted'), task('T-2')], { landingBlocked: 'in use' })).toBe(false);
  });

  test('a landing that a dead train left on board does not keep a stopped yard waiting, an open one does', () => {
    expect(settled(one('landing'), { stopped })).toBe(true);
    expect(settled(one('landing'), { stopped, train: { live: true, openLandings: 0 } })).toBe(false);
    expect(settled(one('landing'), { stopped, train: { live: false, openLandings: 1 } })).toBe(false);
  });

  test("a ready task that waits for another's end is", () => {
    expect(settled([...one('parked'), task('T-2', { after: ['T-1'] })])).toBe(true);
    expect(settled([task('T-2', { after: ['T-1'] })])).toBe(true);
    expect(settled([task('T-2', { problems: ['no objective'] })])).toBe(true);
    expect(settled([task('T-2')], { failuresInARow: 5 })).toBe(true);
  });
});

test('turns tell of every ready task whether it starts, or what holds it back when it is its turn', () => {
  const from = snapshot(
    [
      task('T-1', { owns: ['a/'] }),
      task('T-2', { owns: ['a/b'] }),
      task('T-3', { priority: 1 }),
      task('T-4', { after: ['T-1'] }),
      task('T-5'),
      task('T-6', { state: state.parked }),
    ],
    { limits: { concurrent: 10, dispatchPerCycle: 2, consecutiveFailures: 5, backlog: 10, areas: {} } },
  );
  const told = [...turns(from, new Frontier(from, 0))].map((turn) => [turn.task.id, turn.refusal?.reason ?? 'starts']);
  expect(told).toEqual([
    ['T-3', 'starts'],
    ['T-1', 'starts'],
    ['T-2', 'scope'],
    ['T-4', 'dependency'],
    ['T-5', 'cycle-limit'],
  ]);
  expect(told.filter(([, why]) => why === 'starts').map(([id]) => id)).toEqual(started(from));
});
