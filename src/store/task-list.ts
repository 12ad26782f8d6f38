import type { SQLInputValue } from 'node:sqlite';

import type { TaskStatus } from '../core/task-state.ts';
import type { ListedTask, TaskFilter } from './store.ts';

// As in `sqlite-rows.ts`: ten thousand rows are read at once by a process that has just started, so rows are arrays.

/** One row of {@link listQuery}. */
export type ListTuple = readonly [
  id: string,
  title: string,
  status: string,
  area: string | null,
  priority: number,
  attempts: number,
  agent: string | null,
  after: string | null,
];

const COLUMNS = `id, title, status, area, priority, attempts, agent, nullif("after", '[]')`;
const IN_LIST = 'in (select value from json_each(?))';

/** The statement that finds the tasks of a filter, and its parameters. */
export function listQuery({ statuses, areas, agents, ids, after }: TaskFilter): {
  readonly sql: string;
  readonly parameters: readonly SQLInputValue[];
} {
  const conditions: string[] = [];
  const parameters: SQLInputValue[] = [];
  const among = (column: string, values: readonly string[]): string => {
    parameters.push(JSON.stringify(values));
    return `${column} ${IN_LIST}`;
  };
  if (ids !== undefined) conditions.push(among('id', ids));
  if (statuses !== undefined) conditions.push(among('status', statuses));
  if (areas !== undefined) conditions.push(among('area', areas));
  if (agents !== undefined) {
    const named = agents.filter((agent) => agent !== null);
    // A spec is `name[:model[:effort]]`; the name alone stands for all of its specs, and each of a chain counts.
    const ways = [among('trim(value)', named), among(`trim(substr(value, 1, instr(value || ':', ':') - 1))`, named)];
    const specs = `json_each('[' || replace(json_quote(agent), ',', '","') || ']')`;
    const isNamed = `exists (select 1 from ${specs} where ${ways.join(' or ')})`;
    conditions.push(agents.includes(null) ? `(agent is null or ${isNamed})` : isNamed);
  }
  if (after !== undefined) {
    conditions.push(`"after" <> '[]' and ? in (select value from json_each("after"))`);
    parameters.push(after);
  }
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  return { sql: `select ${COLUMNS} from tasks${where}`, parameters };
}

const NONE: readonly string[] = [];

export function toListed(tuple: ListTuple): ListedTask {
  return {
    id: tuple[0],
    title: tuple[1],
    status: tuple[2] as TaskStatus,
    area: tuple[3],
    priority: tuple[4],
    attempts: tuple[5],
    agent: tuple[6],
    after: tuple[7] === null ? NONE : (JSON.parse(tuple[7]) as string[]),
  };
}
