import { inertLine } from './inert.ts';
import { listPaths } from './decision.ts';
import { describePauseSubject, resumeCommand } from './pause.ts';
import type { Pause } from './pause.ts';
import { describeRefusal } from './pool.ts';
import type { PoolState } from './pool.ts';
import type { StopView } from './snapshot.ts';
import type { TaskState } from './task-state.ts';

/** What only a person can take further, and the commands for it, as they are typed. */
export interface Need {
  readonly kind: 'question' | 'approval' | 'parked' | 'stopped' | 'breaker' | 'paused' | 'pool';
  /** Null where it is about the whole yard. */
  readonly taskId: string | null;
  readonly title: string;
  /** One inert line. */
  readonly text: string;
  readonly commands: readonly string[];
  /** Since when, as far as is known. */
  readonly sinceMs: number | null;
}

const TEXT_MAX = 400;
const TITLE_MAX = 100;
const PATHS_MAX = 5;

interface WaitingTask {
  readonly id: string;
  readonly title: string;
  readonly state: TaskState;
  readonly updatedMs: number;
}

/** Who stops a yard without being a person: what `yard.stopped` says of it. */
export function isMachine(by: string): boolean {
  return by === 'train';
}

/** Null for a task that waits for nobody. */
export function needOfTask({ id, title, state, updatedMs }: WaitingTask): Need | null {
  const about = { taskId: id, title: inertLine(title, TITLE_MAX), sinceMs: updatedMs };
  if (state.status === 'parked') {
    const commands = [`yard unpark ${id}`];
    return { kind: 'parked', ...about, text: inertLine(state.why, TEXT_MAX), commands };
  }
  if (state.status !== 'blocked') return null;
  if (state.on.kind === 'question') {
    const commands = [`yard answer ${id} "…"`];
    return { kind: 'question', ...about, text: inertLine(state.on.text, TEXT_MAX), commands };
  }
  const paths = inertLine(listPaths(state.on.paths, PATHS_MAX), TEXT_MAX);
  const text = state.on.merged === true ? `${paths}, once more: merged with what has landed since` : paths;
  const commands = [`yard diff ${id}`, `yard approve ${id} ${state.on.hash.slice(0, 12)}`];
  return { kind: 'approval', ...about, text, commands };
}

interface YardState {
  readonly stopped: StopView | null;
  readonly pauses: readonly Pause[];
  readonly failuresInARow: number;
}

/** What holds the whole yard, or a part of it. @param limit of failures in a row; null: not known. */
export function needsOfYard({ stopped, pauses, failuresInARow }: YardState, limit: number | null): Need[] {
  const needs: Need[] = [];
  const about = { taskId: null, title: '' };
  if (stopped !== null) {
    const text = `stopped by ${inertLine(stopped.by, TITLE_MAX)}: ${inertLine(stopped.why, TEXT_MAX)}`;
    needs.push({ kind: 'stopped', ...about, text, commands: ['yard resume', 'yard run'], sinceMs: stopped.atMs });
  }
  if (limit !== null && failuresInARow >= limit) {
    const text = `${failuresInARow} attempts failed in a row (limit ${limit}), so nothing starts`;
    const commands = ['yard breaker', 'yard breaker reset', 'yard run'];
    needs.push({ kind: 'breaker', ...about, text, commands, sinceMs: null });
  }
  for (const { subject, by, why, atMs } of pauses) {
    const what = inertLine(describePauseSubject(subject), TITLE_MAX);
    const text = `${what} is paused by ${inertLine(by, TITLE_MAX)}: ${inertLine(why, TEXT_MAX)}`;
    const commands = [inertLine(resumeCommand(subject), TEXT_MAX)];
    needs.push({ kind: 'paused', ...about, text, commands, sinceMs: atMs });
  }
  return needs;
}

/** Accounts of agents that work no more before a person has done something. */
export function needsOfPools(pools: readonly { readonly name: string; readonly state: PoolState }[]): Need[] {
  return pools.flatMap(({ name, state: { person } }): Need[] => {
    if (person === null) return [];
    const text = inertLine(`the pool ${name} ${describeRefusal({ why: 'person', text: person.why }, name)}`, TEXT_MAX);
    const commands = [`yard pools clear ${inertLine(name, TITLE_MAX)}`];
    return [{ kind: 'pool', taskId: null, title: '', text, commands, sinceMs: person.atMs }];
  });
}
