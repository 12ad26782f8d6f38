import type { AttemptTable, SpecTable, TaskTable } from './schema.ts';
import { toAttempt, toTaskRecord } from './sqlite-rows.ts';
import type { Archive, Headline } from './store.ts';

// What accounts (report, metrics, export, notifications) read besides tasks and events.

/** Carries out a statement; the rows have the columns that it names. */
type All = <Row>(sql: string, ...parameters: (string | number)[]) => Row[];

export function seqBefore(all: All, ms: number): number {
  // By the index of times: one row is read.
  const [first] = all<{ seq: number }>('select seq from events where at_ms >= ? order by at_ms, seq limit 1', ms);
  return first === undefined ? lastSeq(all) : first.seq - 1;
}

function lastSeq(all: All): number {
  const [row] = all<{ seq: number | null }>('select max(seq) as seq from events');
  return row?.seq ?? 0;
}

export function headlines(all: All, ids: readonly string[]): Map<string, Headline> {
  const sql = `select id, title, created_ms as createdMs from tasks where id in (select value from json_each(?))`;
  type Row = Headline & { readonly id: string };
  const rows = all<Row>(sql, JSON.stringify(ids));
  return new Map(rows.map(({ id, title, createdMs }) => [id, { title, createdMs }]));
}

export function cursor(all: All, name: string): number | null {
  const [row] = all<{ seq: number }>('select seq from cursors where name = ?', name);
  return row?.seq ?? null;
}

/** Within one transaction. */
export function archive(all: All): Archive {
  const tasks = all<TaskTable & SpecTable>('select t.*, s.spec from tasks t join specs s on s.task_id = t.id');
  const answers = `select task_id as taskId, attempt, question, answer, at_ms as atMs from answers order by id`;
  const approvals = `select task_id as taskId, hash, at_ms as atMs from approvals order by at_ms, task_id, hash`;
  return {
    lastSeq: lastSeq(all),
    tasks: tasks.map(toTaskRecord),
    attempts: all<AttemptTable>('select * from attempts order by task_id, attempt').map(toAttempt),
    answers: all<Archive['answers'][number]>(answers).map((row) => ({ ...row })),
    approvals: all<Archive['approvals'][number]>(approvals).map((row) => ({ ...row })),
  };
}
