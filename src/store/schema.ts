import type { Generated } from 'kysely';

// The columns as SQLite holds them. JSON stands in text columns; booleans are 0 and 1; times are wall-clock milliseconds
// but `expires_ms`, which is monotonic.

export interface Tables {
  tasks: TaskTable;
  specs: SpecTable;
  attempts: AttemptTable;
  leases: LeaseTable;
  intents: IntentTable;
  events: EventTable;
  answers: AnswerTable;
  approvals: ApprovalTable;
  verdicts: VerdictTable;
  control: ControlTable;
  pauses: PauseTable;
  cursors: CursorTable;
  pools: PoolTable;
  turns: TurnTable;
  spends: SpendTable;
}

export interface TaskTable {
  id: string;
  id_key: string;
  title: string;
  area: string | null;
  priority: number;
  owns: string;
  after: string;
  gate: string | null;
  agent: string | null;
  has_acceptance: number;
  source_path: string | null;
  source_hash: string | null;
  status: string;
  state: string;
  counters: string;
  attempts: number;
  created_ms: number;
  updated_ms: number;
  /** Number of the newest event that changed this row: what a reader has seen, it need not read again. */
  event_seq: number;
}

/** Apart from `tasks`, so that those who plan do not page through objectives. */
export interface SpecTable {
  task_id: string;
  spec: string;
}

export interface AttemptTable {
  task_id: string;
  attempt: number;
  token: number;
  phase: string;
  outcome: string | null;
  signature: string | null;
  agent: string;
  /** Null: it is in none. */
  pool: string | null;
  /** Token of the scheduler that dispatched it; null in what older versions wrote. */
  run: number | null;
  base: string | null;
  head: string | null;
  started_ms: number;
  finished_ms: number | null;
  activity_ms: number;
  activity: string;
}

/** A row stays when its lease is given back, so that its token only grows. */
export interface LeaseTable {
  resource: string;
  token: number;
  held: number;
  /** Of the owner, and of the boot in which `expires_ms` counts: they are the same. */
  boot_id: string;
  owner_pid: number | null;
  owner_start: string | null;
  expires_ms: number;
}

export interface IntentTable {
  id: Generated<number>;
  kind: string;
  /** Null for what is about no task. */
  task_id: string | null;
  attempt: number | null;
  body: string;
  opened_ms: number;
  closed_ms: number | null;
}

export interface EventTable {
  seq: Generated<number>;
  at_ms: number;
  task_id: string | null;
  attempt: number | null;
  type: string;
  data: string;
}

export interface AnswerTable {
  id: Generated<number>;
  task_id: string;
  attempt: number;
  question: string;
  answer: string;
  at_ms: number;
}

export interface ApprovalTable {
  task_id: string;
  hash: string;
  at_ms: number;
}

export interface VerdictTable {
  key: string;
  tree: string;
  gate: string;
  at_ms: number;
  duration_ms: number;
  evidence: string;
}

/** One row. */
export interface ControlTable {
  id: number;
  stopped_by: string | null;
  stopped_why: string | null;
  stopped_at_ms: number | null;
  failures_in_a_row: number;
}

/** What starts, or lands, nothing for a while. `subject`: `all`, `train`, `area:NAME`, `agent:NAME`. */
export interface PauseTable {
  subject: string;
  paused_by: string;
  why: string;
  at_ms: number;
}

/** Up to which event a reader has told of them. */
export interface CursorTable {
  name: string;
  seq: number;
}

/** What holds a pool back, as JSON. */
export interface PoolTable {
  name: string;
  state: string;
}

/** One invocation of an agent. `reserved` and `used` are JSON; tokens are null where they are not known. */
export interface TurnTable {
  id: Generated<number>;
  task_id: string;
  attempt: number;
  turn: number;
  agent: string;
  model: string | null;
  role: string;
  pool: string | null;
  run: number;
  day: number;
  reserved: string;
  started_ms: number;
  /** Null while it runs, as all that follows. */
  ended_ms: number | null;
  ended: string | null;
  used: string | null;
  source: string | null;
  input_tokens: number | null;
  cached_tokens: number | null;
  cache_write_tokens: number | null;
  output_tokens: number | null;
}

/** Running totals: they are never added up from `turns`. Dollars in millionths. */
export interface SpendTable {
  scope: string;
  period: number;
  turns: number;
  reserved_usd: number;
  reserved_tokens: number;
  reserved_cached: number;
  reserved_ms: number;
  usd: number;
  tokens: number;
  cached: number;
  ms: number;
  estimated_usd: number;
}
