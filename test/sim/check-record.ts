import { isDeepStrictEqual } from 'node:util';
import { IllegalTransitionError, step } from '../../src/core/step.ts';
import type { Progress } from '../../src/core/step.ts';
import type { TaskEvent } from '../../src/core/task-event.ts';
import { NO_COUNTERS, READY } from '../../src/core/task-state.ts';
import type { RetryPolicy } from '../../src/core/task-state.ts';
import type { YardEvent } from '../../src/core/yard-event.ts';
import type { Played, Violation } from './played.ts';

/** Events on a task that leave its state as it is. */
const NO_STEP: ReadonlySet<string> = new Set(['changed', 'not-superseded']);

/** P3 and P5: what the yard wrote down goes together, each event with those before it, and all of them with the end. */
export async function checkRecord({ store, policy, isDone }: Played): Promise<Violation[]> {
  const events = await store.events({ limit: 1_000_000 });
  const contradictions = [
    ...checkSteps(events, policy, await store.rows()),
    ...checkAttempts(events, isDone),
    ...checkTurns(events, isDone),
  ];
  return [...checkClosings(events), ...contradictions.map((why) => ({ promise: 'P5', why }) as const)];
}

/** Each task went the way of `step`, from event to event, up to where it is. */
function checkSteps(
  events: readonly YardEvent[],
  policy: RetryPolicy,
  rows: readonly ({ readonly id: string } & Progress)[],
): string[] {
  const wrong: string[] = [];
  const tasks = new Map<string, Progress>();
  for (const { type, taskId, data, seq } of events) {
    const [about, kind = ''] = type.split('.');
    if (about !== 'task' || taskId === null || NO_STEP.has(kind)) continue;
    if (kind === 'added') {
      tasks.set(taskId, { state: READY, counters: NO_COUNTERS });
      continue;
    }
    const before = tasks.get(taskId);
    const said = data as { readonly from: string; readonly to: string };
    const after = before === undefined ? null : stepped(before, { ...said, kind } as unknown as TaskEvent, policy);
    const way = `${before?.state.status ?? 'nowhere'} to ${after?.state.status ?? 'nowhere'}`;
    if (`${said.from} to ${said.to}` !== way) {
      wrong.push(`event ${seq}: ${type} took ${taskId} from ${said.from} to ${said.to}, but leads from ${way}`);
    }
    if (after !== null) tasks.set(taskId, after);
  }
  for (const { id, state, counters } of rows) {
    if (isDeepStrictEqual(tasks.get(id), { state, counters })) continue;
    wrong.push(`${id} is ${JSON.stringify(state)}, but by its events ${JSON.stringify(tasks.get(id)?.state)}`);
  }
  return wrong;
}

/** Null: the state does not admit the event. */
function stepped(before: Progress, event: TaskEvent, policy: RetryPolicy): Progress | null {
  try {
    return step(before, event, policy);
  } catch (error) {
    if (error instanceof IllegalTransitionError) return null;
    throw error;
  }
}

/** A landing and a kill end once. */
function checkClosings(events: readonly YardEvent[]): Violation[] {
  const closed = new Set<string>();
  const again: Violation[] = [];
  for (const event of events) {
    const name = closingOf(event);
    if (name === null) continue;
    const promise = event.type === 'landing.closed' ? 'P3' : 'P5';
    if (closed.has(name)) again.push({ promise, why: `event ${event.seq}: ${name} was closed before` });
    closed.add(name);
  }
  return again;
}

/** Which intent an event closes. */
function closingOf({ type, taskId, attempt, data }: YardEvent): string | null {
  const { intentId, token } = (data ?? {}) as { readonly intentId?: number; readonly token?: number };
  if (type === 'landing.closed') return `the landing ${intentId}`;
  if (type === 'attempt.killed') return `the kill of attempt ${attempt} of ${taskId}`;
  if (type === 'train.killed') return `the kill of the train of token ${token}`;
  return null;
}

/** Each attempt that was started has ended: once, and after it was started. */
function checkAttempts(events: readonly YardEvent[], isDone: boolean): string[] {
  const open = new Set<string>();
  const wrong: string[] = [];
  for (const { type, taskId, attempt, data, seq } of events) {
    if (type === 'task.leased') open.add(`${taskId} ${(data as { readonly attempt: number }).attempt}`);
    // Also one that was never started is not open.
    if (type === 'attempt.finished' && !open.delete(`${taskId} ${attempt}`)) {
      wrong.push(`event ${seq}: attempt ${attempt} of ${taskId} finished, but none was open`);
    }
  }
  return isDone ? [...wrong, ...[...open].map((name) => `the attempt ${name} never finished`)] : wrong;
}

/** Each turn that was reserved was settled: once, and by the end of its attempt. */
function checkTurns(events: readonly YardEvent[], isDone: boolean): string[] {
  const open = new Map<number, string>();
  const wrong: string[] = [];
  for (const { type, taskId, attempt, data, seq } of events) {
    const { id = 0 } = (data ?? {}) as { readonly id?: number };
    const of = `${taskId} ${attempt}`;
    if (type === 'turn.reserved') open.set(id, of);
    if (type === 'turn.settled' && !open.delete(id))
      wrong.push(`event ${seq}: the turn ${id} was settled, but not open`);
    if (type === 'attempt.finished' && [...open.values()].includes(of)) {
      wrong.push(`event ${seq}: attempt ${attempt} of ${taskId} finished with an open turn`);
    }
  }
  return isDone ? [...wrong, ...[...open.keys()].map((id) => `the turn ${id} was never settled`)] : wrong;
}
