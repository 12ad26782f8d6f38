import { agentChain, agentName } from '../../src/core/agent-spec.ts';
import type { AttemptRecord, ListedTask, TaskFilter } from '../../src/store/store.ts';
import type { MemoryTables } from './memory-tables.ts';

/** The tasks of a filter, as lists show them. */
export function listTasks(tables: MemoryTables, filter: TaskFilter): ListedTask[] {
  return tables.tasks
    .values()
    .map(({ row: { id, title, state, area, priority, attempts, agent, after } }) => {
      return { id, title, status: state.status, area, priority, attempts, agent, after };
    })
    .filter((task) => isWanted(task, filter));
}

function isWanted(task: ListedTask, { statuses, areas, agents, ids, after }: TaskFilter): boolean {
  const { id, status, area, agent } = task;
  return (
    (ids === undefined || ids.includes(id)) &&
    (statuses === undefined || statuses.includes(status)) &&
    (areas === undefined || (area !== null && areas.includes(area))) &&
    (agents === undefined || (agent === null ? agents.includes(null) : agentChain(agent).some(isAmong(agents)))) &&
    (after === undefined || task.after.includes(after))
  );
}

/** The name alone stands for all of its specs. */
function isAmong(agents: readonly (string | null)[]): (spec: string) => boolean {
  return (spec) => agents.includes(spec) || agents.includes(agentName(spec));
}

/** See `StoreReader.endedAttempts`. */
export function endedAttempts(tables: MemoryTables, among: number): AttemptRecord[] {
  const started = tables.events.filter(({ type }) => type === 'task.leased').toReversed();
  return started
    .slice(0, among)
    .flatMap(({ taskId, attempt }) =>
      (tables.attempts.get(taskId ?? '') ?? []).filter((record) => record.attempt === attempt),
    )
    .filter(({ finishedMs }) => finishedMs !== null)
    .toSorted((a, b) => (b.finishedMs ?? 0) - (a.finishedMs ?? 0));
}
