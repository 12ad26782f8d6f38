import { existsSync } from 'node:fs';

import { evidenceDirectory } from '../../attempt/evidence-directory.ts';
import { compareIds, Frontier } from '../../core/frontier.ts';
import { waitingOf } from '../../core/plan.ts';
import { EVENT_ACTOR } from '../../core/task-event.ts';
import { DEFAULT_RETRY_POLICY } from '../../core/task-state.ts';
import type { Counters, TaskState, TaskStatus } from '../../core/task-state.ts';
import type { TaskSpec } from '../../core/task.ts';
import { describeWaiting } from '../../core/waiting.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { Json, YardEvent } from '../../core/yard-event.ts';
import type { Clock } from '../../core/clock.ts';
import type { Answer, AttemptRecord, ListedTask, StoreReader, TaskRecord, TaskSource } from '../../store/store.ts';
import { attemptRef, lanePaths } from '../../git/lane-names.ts';
import type { Reading } from '../context.ts';
import { outcomeWhy } from './outcome-why.ts';
import { snapshotAround } from '../schedule/seen-snapshot.ts';
import { stateSentence } from '../waiting/state-sentence.ts';

/** One attempt of a task. */
export interface AttemptView {
  readonly attempt: number;
  readonly agent: string;
  readonly phase: string;
  /** Null while it runs. */
  readonly outcome: string | null;
  readonly why: string | null;
  readonly base: string | null;
  readonly head: string | null;
  /** In the depot; null until what it made was collected. */
  readonly ref: string | null;
  readonly startedMs: number;
  readonly finishedMs: number | null;
  readonly durationMs: number;
  readonly evidence: string;
}

/** How a task came to the target, or was about to. */
export interface LandingView {
  readonly landed: boolean;
  readonly target: string;
  readonly commit: string;
  readonly onto: string;
  readonly tree: string;
  readonly gate: string | null;
  readonly gateEvidence: string | null;
}

/** All that is known of one task. */
export interface TaskStory {
  readonly id: string;
  readonly status: TaskStatus;
  readonly state: TaskState;
  readonly sentence: string;
  readonly waiting: readonly (Waiting & { readonly detail: string })[];
  readonly spec: TaskSpec;
  readonly source: TaskSource | null;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** What was spent, and of how much. */
  readonly counters: { readonly [K in keyof Counters]: { readonly spent: number; readonly limit: number } };
  readonly after: readonly { readonly id: string; readonly status: TaskStatus | 'missing' }[];
  /** Those that come after it. */
  readonly before: readonly { readonly id: string; readonly status: TaskStatus; readonly title: string }[];
  /** Where it is worked on; null while there is none. */
  readonly lane: string | null;
  readonly attempts: readonly AttemptView[];
  readonly answers: readonly Answer[];
  /** What persons decided about it. */
  readonly decisions: readonly { readonly atMs: number; readonly what: string; readonly data: Json }[];
  readonly landing: LandingView | null;
  readonly history: readonly YardEvent[];
}

const BY_PERSONS: ReadonlySet<string> = new Set(
  Object.entries(EVENT_ACTOR).flatMap(([kind, actor]) => (actor === 'operator' ? [`task.${kind}`] : [])),
);

/** Reads all that is known of a task. */
export async function readStory(reading: Reading, task: TaskRecord, clock: Clock): Promise<TaskStory> {
  const { reader, stateDirectory, pin } = reading;
  const { spec, state, source, createdMs, updatedMs } = task;
  const nowMs = clock.nowMs();
  const lane = lanePaths(stateDirectory, spec.id).directory;
  const attempts = await reader.attempts(spec.id);
  const history = await reader.events({ taskId: spec.id });
  const before = (await reader.list({ after: spec.id })).toSorted((a, b) => compareIds(a.id, b.id));
  const policy = { ...DEFAULT_RETRY_POLICY, ...(pin === null ? {} : { retries: pin.config.limits.retries }) };
  const counter = (name: keyof Counters) => ({ spent: task.counters[name], limit: policy[name] });
  return {
    id: spec.id,
    status: state.status,
    state,
    sentence: stateSentence(task, attempts.at(-1) ?? null, nowMs),
    waiting: await waitingFor(reading, spec.id, clock),
    spec,
    source,
    createdMs,
    updatedMs,
    counters: {
      retries: counter('retries'),
      infrastructure: counter('infrastructure'),
      lost: counter('lost'),
      lostTogether: counter('lostTogether'),
      conflicts: counter('conflicts'),
    },
    after: statesOf(spec.after, await reader.list({ ids: spec.after })),
    before: before.map(({ id, status, title }) => ({ id, status, title })),
    lane: existsSync(lane) ? lane : null,
    attempts: attempts.map((attempt) => attemptView(attempt, stateDirectory, nowMs)),
    answers: await reader.answers(spec.id),
    decisions: history
      .filter(({ type }) => BY_PERSONS.has(type))
      .map(({ atMs, type, data }) => ({ atMs, what: type.slice('task.'.length), data })),
    landing: await readLanding(reader, history, state),
    history,
  };
}

async function waitingFor(reading: Reading, id: string, clock: Clock): Promise<TaskStory['waiting']> {
  const snapshot = await snapshotAround(reading, clock, id);
  const view = snapshot?.tasks.find((entry) => entry.id === id);
  if (snapshot === null || view === undefined) return [];
  const waiting = waitingOf(view, snapshot, new Frontier(snapshot, clock.nowMs()));
  return waiting.map((entry) => ({ ...entry, detail: describeWaiting(entry, id) }));
}

function statesOf(ids: readonly string[], found: readonly ListedTask[]): TaskStory['after'] {
  const statuses = new Map(found.map(({ id, status }) => [id, status]));
  return ids.map((id) => ({ id, status: statuses.get(id) ?? 'missing' }));
}

function attemptView(record: AttemptRecord, stateDirectory: string, nowMs: number): AttemptView {
  const { taskId, attempt, token, agent, phase, outcome, base, head, startedMs, finishedMs } = record;
  return {
    attempt,
    agent,
    phase,
    outcome: outcome?.kind ?? null,
    why: outcome === null ? null : outcomeWhy(outcome),
    base,
    head,
    ref: head === null ? null : attemptRef(taskId, attempt, token),
    startedMs,
    finishedMs,
    durationMs: Math.max(0, (finishedMs ?? nowMs) - startedMs),
    evidence: evidenceDirectory(stateDirectory, taskId, attempt),
  };
}

/** The last one that was begun. */
async function readLanding(
  reader: StoreReader,
  history: readonly YardEvent[],
  state: TaskState,
): Promise<LandingView | null> {
  const opened = history.findLast(({ type }) => type === 'landing.opened');
  if (opened === undefined) return null;
  const commit = textOf(opened.data, 'newCommit');
  const verdict = await reader.verdict(textOf(opened.data, 'verdict'));
  return {
    landed: state.status === 'landed' && state.commit === commit,
    target: textOf(opened.data, 'target'),
    commit,
    onto: textOf(opened.data, 'oldCommit'),
    tree: textOf(opened.data, 'tree'),
    gate: verdict?.gate ?? null,
    gateEvidence: verdict?.evidence ?? null,
  };
}

/** Written by the store itself; a newer one may leave it out. */
function textOf(data: Json, key: string): string {
  const isMap = (value: Json): value is { readonly [key: string]: Json } =>
    value !== null && typeof value === 'object' && !Array.isArray(value);
  const value = isMap(data) ? data[key] : undefined;
  return typeof value === 'string' ? value : '';
}
