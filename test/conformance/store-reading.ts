import { TASK_STATUSES } from '../../src/core/task-state.ts';
import { COST_KEYS } from '../../src/store/spending.ts';
import type { EventFilter, StoreReader, StoreView } from '../../src/store/store.ts';
import { CURSORS, HASHES, RESOURCES, TASK_IDS, VERDICT_KEYS } from './store-calls.ts';

/** All that a store can tell, apart from its events; what has no order of its own is put into one. */
export async function readState(store: StoreReader): Promise<object> {
  const tasks = [];
  for (const id of [...TASK_IDS, 'T-404']) {
    const approved = [];
    for (const hash of HASHES) approved.push(await store.isApproved(id, hash));
    const [task, attempts, answers] = [await store.task(id), await store.attempts(id), await store.answers(id)];
    tasks.push({ task, attempts, answers, approved, turns: await store.turns(id) });
  }
  const leases = [];
  for (const resource of RESOURCES) leases.push(await store.lease(resource));
  const verdicts = [];
  for (const key of VERDICT_KEYS) verdicts.push(await store.verdict(key));
  const cursors = [];
  for (const name of CURSORS) cursors.push(await store.cursor(name));
  const { lastSeq, ...archive } = await store.archive();
  const times = (await store.events({ newest: true, limit: 3 })).map(({ atMs }) => atMs);
  const before = [];
  for (const ms of [0, ...times, ...times.map((time) => time + 1)]) before.push(await store.seqBefore(ms));
  return {
    tasks,
    cursors,
    lastSeq,
    before,
    archive: Object.fromEntries(Object.entries(archive).map(([name, rows]) => [name, inSomeOrder(rows)])),
    headlines: await store.headlines(['T-1', 'T-2', 'T-404']),
    leases,
    verdicts,
    rows: by('id', await store.rows()),
    waiting: by('id', await store.rows(['ready', 'blocked', 'parked'])),
    held: by('resource', await store.leases()),
    intents: by('id', await store.openIntents()),
    running: by('taskId', await store.runningAttempts()),
    ended: await store.endedAttempts(5),
    listed: by('id', await store.list({ statuses: ['ready', 'landed', 'parked'], agents: [null, 'codex'] })),
    after: by('id', await store.list({ after: 'T-1' })),
    control: await store.control(),
    spending: await readSpending(store),
    counts: await store.countByStatus(),
    ids: [
      await store.taskIds({ prefix: '', statuses: TASK_STATUSES, limit: 100 }),
      await store.taskIds({ prefix: 'T-', statuses: ['ready', 'parked'], limit: 2 }),
      await store.taskIds({ prefix: 'T-3', statuses: TASK_STATUSES, limit: 100 }),
    ],
    view: ordered(await store.view()),
    part: ordered(await store.viewOf({ first: 2, ids: ['T-3', 'T-404'] })),
    ...(await readOverviews(store)),
  };
}

async function readSpending(store: StoreReader): Promise<object> {
  const days = { from: 0, to: 100 };
  const costs = [];
  for (const key of COST_KEYS) costs.push(await store.costs(key, days));
  return {
    costs,
    none: await store.costs('day', { from: 5, to: 4 }),
    all: await store.spending(),
    task: await store.spend({ scope: 'task:T-1', period: 0 }),
    attempt: await store.spend({ scope: 'attempt:T-2', period: 1 }),
  };
}

async function readOverviews(store: StoreReader): Promise<object> {
  const part = await store.overview({ ready: 1, finished: 2 });
  return {
    overview: { ...part, view: ordered(part.view), running: by('taskId', part.running) },
  };
}

/** Filters whose answers say whether a store understands them. */
export function filtersOf(sinceSeq: number): readonly EventFilter[] {
  return [
    { sinceSeq },
    { taskId: 'T-1', limit: 3 },
    { taskId: 'T-2', newest: true, limit: 2, types: ['task.leased', 'attempt.finished'] },
    { sinceSeq: Math.max(0, sinceSeq - 5), newest: true, limit: 4 },
    { untilSeq: sinceSeq - 2, newest: true, limit: 3 },
  ];
}

function inSomeOrder(rows: readonly unknown[]): string[] {
  return rows
    .map((row) => JSON.stringify(Object.entries(row as object).toSorted(([a], [b]) => (a < b ? -1 : 1))))
    .toSorted();
}

function ordered(view: StoreView): StoreView {
  const { rows, leases, intents } = view;
  return { ...view, rows: by('id', rows), leases: by('resource', leases), intents: by('id', intents) };
}

function by<K extends string, T extends { readonly [key in K]: string | number }>(key: K, rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => (a[key] < b[key] ? -1 : 1));
}
