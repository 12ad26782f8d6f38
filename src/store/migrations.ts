import type { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID, STORE_VERSION, readNumber } from './sqlite-connection.ts';

// Invariants:
// 1. All steps and the version number commit together: a store has one version or the other.
// 2. A migration that was released is never edited; the next change is a new one at the end.
// 3. An attempt or a train of the version before may still have the store open: what it writes must stay good.

/** `MIGRATIONS[n]` brings a store of version n to version n + 1. */
export const MIGRATIONS: readonly string[] = [
  `
  pragma application_id = ${APPLICATION_ID};

  create table tasks (
    id text not null primary key,
    id_key text not null unique,
    title text not null,
    area text,
    priority integer not null,
    owns text not null,
    "after" text not null,
    gate text,
    agent text,
    has_acceptance integer not null,
    source_path text,
    source_hash text,
    status text not null,
    state text not null,
    counters text not null,
    attempts integer not null,
    created_ms integer not null,
    updated_ms integer not null,
    event_seq integer not null
  ) strict;
  create index tasks_by_status on tasks (status);
  create index tasks_by_event on tasks (event_seq);

  create table specs (
    task_id text not null primary key references tasks (id),
    spec text not null
  ) strict;

  create table attempts (
    task_id text not null references tasks (id),
    attempt integer not null,
    token integer not null,
    phase text not null,
    outcome text,
    agent text not null,
    base text,
    head text,
    started_ms integer not null,
    finished_ms integer,
    activity_ms integer not null,
    activity text not null,
    primary key (task_id, attempt)
  ) strict;

  create table leases (
    resource text not null primary key,
    token integer not null,
    held integer not null,
    boot_id text not null,
    owner_pid integer,
    owner_start text,
    expires_ms real not null
  ) strict;
  create index leases_held on leases (resource) where held = 1;

  create table intents (
    id integer primary key autoincrement,
    kind text not null,
    task_id text not null references tasks (id),
    attempt integer not null,
    body text not null,
    opened_ms integer not null,
    closed_ms integer
  ) strict;
  create index intents_open on intents (task_id) where closed_ms is null;

  create table events (
    seq integer primary key autoincrement,
    at_ms integer not null,
    task_id text,
    attempt integer,
    type text not null,
    data text not null
  ) strict;
  create index events_by_task on events (task_id, seq) where task_id is not null;

  create table answers (
    id integer primary key autoincrement,
    task_id text not null references tasks (id),
    attempt integer not null,
    question text not null,
    answer text not null,
    at_ms integer not null
  ) strict;
  create index answers_by_task on answers (task_id);

  create table approvals (
    task_id text not null references tasks (id),
    hash text not null,
    at_ms integer not null,
    primary key (task_id, hash)
  ) strict, without rowid;

  create table verdicts (
    key text not null primary key,
    tree text not null,
    gate text not null,
    at_ms integer not null,
    duration_ms real not null,
    evidence text not null
  ) strict;

  create table control (
    id integer primary key check (id = 1),
    stopped_by text,
    stopped_why text,
    stopped_at_ms integer,
    failures_in_a_row integer not null
  ) strict;
  insert into control (id, failures_in_a_row) values (1, 0);
  `,
  // Signatures of attempts; and intents that are about no task: SQLite can take a constraint away in no other way.
  `
  alter table attempts add column signature text;
  update tasks set counters = json_set(counters, '$.lostTogether', 0);

  create table intents_2 (
    id integer primary key autoincrement,
    kind text not null,
    task_id text references tasks (id),
    attempt integer,
    body text not null,
    opened_ms integer not null,
    closed_ms integer
  ) strict;
  insert into intents_2 select id, kind, task_id, attempt, body, opened_ms, closed_ms from intents;
  drop table intents;
  alter table intents_2 rename to intents;
  create index intents_open on intents (task_id) where closed_ms is null;
  `,
  // Pauses; how far a reader of events has come that must tell of each one once; and events by time, for reports.
  `
  create table pauses (
    subject text not null primary key,
    paused_by text not null,
    why text not null,
    at_ms integer not null
  ) strict, without rowid;

  create table cursors (
    name text not null primary key,
    seq integer not null
  ) strict, without rowid;

  create index events_by_time on events (at_ms);
  `,
  // Pools, turns and what they cost.
  `
  alter table attempts add column pool text;
  alter table attempts add column run integer;

  create table pools (
    name text not null primary key,
    state text not null
  ) strict, without rowid;

  create table turns (
    id integer primary key autoincrement,
    task_id text not null references tasks (id),
    attempt integer not null,
    turn integer not null,
    agent text not null,
    model text,
    role text not null,
    pool text,
    run integer not null,
    day integer not null,
    reserved text not null,
    started_ms integer not null,
    ended_ms integer,
    ended text,
    used text,
    source text,
    input_tokens integer,
    cached_tokens integer,
    cache_write_tokens integer,
    output_tokens integer
  ) strict;
  create index turns_by_task on turns (task_id, attempt);
  create index turns_by_day on turns (day);

  create table spends (
    scope text not null,
    period integer not null,
    turns integer not null,
    reserved_usd integer not null,
    reserved_tokens integer not null,
    reserved_cached integer not null,
    reserved_ms integer not null,
    usd integer not null,
    tokens integer not null,
    cached integer not null,
    ms integer not null,
    estimated_usd integer not null,
    primary key (scope, period)
  ) strict, without rowid;
  `,
];

/** Nothing that was released needs more; a chain that does not come to its end must not go on for ever. */
const STEPS_MAX = 64;

/**
 * Brings the store to this program's version, all steps in one transaction. Safe against other processes that do the same:
 * who comes second finds it done. Throws SQLite's busy error while another one writes, or what a step failed with: then
 * the store is as it was.
 * @param check called with the write lock in hand, before the first step; what it throws stops it.
 */
export function migrate(db: DatabaseSync, check: (db: DatabaseSync) => void = () => undefined): void {
  if (readNumber(db, 'pragma user_version') >= STORE_VERSION) return;
  db.exec('begin immediate');
  try {
    check(db);
    const from = readNumber(db, 'pragma user_version');
    const steps = MIGRATIONS.slice(from, STORE_VERSION);
    if (steps.length > STEPS_MAX)
      throw new Error(`${steps.length} steps lead from version ${from} to ${STORE_VERSION}`);
    for (const [index, step] of steps.entries()) db.exec(`${step}; pragma user_version = ${from + index + 1}`);
    db.exec('commit');
  } catch (error) {
    // A full disk has already rolled it back.
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}
