import { DatabaseSync } from 'node:sqlite';

import type { Figure } from './benchmark.ts';
import { median } from './measure.ts';

interface EventRow {
  readonly task_id: string;
  readonly at_ms: number;
  readonly type: string;
  readonly data: string;
}

/** What lies between two events of a task, in the order in which a task goes through them. */
const STAGES: readonly (readonly [string, string])[] = [
  ['task.leased', 'starting and preparing the lane'],
  ['implementing', 'the agent'],
  ['collecting', 'reading the lane, committing'],
  ['gating', 'the gate on the commit'],
  ['auditing', 'recording the outcome'],
  ['task.accepted', 'waiting for the train'],
  ['task.boarded', 'merging and the gate on the combination'],
  ['landing.opened', 'the compare-and-swap'],
  ['landing.closed', ''],
];

/** How long the tasks of a yard stood in each stage: the median over all tasks. */
export function eventTimes(store: string): Figure[] {
  const db = new DatabaseSync(store, { readOnly: true });
  const rows = db
    .prepare('select task_id, at_ms, type, data from events where task_id is not null order by seq')
    .all() as unknown[] as EventRow[];
  db.close();
  const byTask = Map.groupBy(rows, (row) => row.task_id);
  return STAGES.slice(0, -1).map(([from, what], index) => {
    const [to = ''] = STAGES[index + 1] ?? [];
    const spans = [...byTask.values()].flatMap((events) => {
      const [begin, end] = [timeOf(events, from), timeOf(events, to)];
      return begin === null || end === null ? [] : [end - begin];
    });
    return { what: `a task in: ${what}`, value: median(spans), unit: 'ms' };
  });
}

function timeOf(events: readonly EventRow[], name: string): number | null {
  const found = events.find(({ type, data }) =>
    type === 'attempt.phase' ? (JSON.parse(data) as { readonly phase?: string }).phase === name : type === name,
  );
  return found?.at_ms ?? null;
}
