import { listPaths } from './decision.ts';
import { formatBytes } from './disk.ts';
import { waitText } from './duration-text.ts';
import type { LowSpace } from './disk.ts';
import { impossible } from './impossible.ts';
import { inertLine } from './inert.ts';
import { describeSharedRefusal } from './shared-budget.ts';
import type { SharedRefusal } from './shared-budget.ts';
import { describeRefusal } from './pool.ts';
import type { PoolRefusal } from './pool.ts';
import { describePauseSubject, resumeCommand } from './pause.ts';
import type { PauseSubject } from './pause.ts';
import type { DependencyState } from './snapshot.ts';

/** Why a lease is lost. `unclaimed` is the machine's failure (no process came up). */
export type LostWhy = 'unclaimed' | 'owner-dead' | 'rebooted' | 'expired';

/** One reason why a task does not move, with the numbers that decided it. */
export type Waiting =
  | { readonly reason: 'stopped'; readonly by: string; readonly why: string }
  | { readonly reason: 'paused'; readonly subject: PauseSubject; readonly by: string; readonly why: string }
  /** The processes of its last attempt are not proved dead yet. */
  | { readonly reason: 'ending'; readonly attempt: number }
  | { readonly reason: 'failures'; readonly inARow: number; readonly limit: number }
  | { readonly reason: 'problem'; readonly problem: string }
  | {
      readonly reason: 'dependency';
      readonly id: string;
      /** Of the successor, where there is one. */
      readonly state: DependencyState;
      /** Who stands in its place by now. */
      readonly successor?: string;
    }
  | { readonly reason: 'cycle'; readonly ids: readonly string[] }
  | { readonly reason: 'not-before'; readonly notBeforeMs: number; readonly remainingMs: number }
  | { readonly reason: 'backlog'; readonly accepted: number; readonly limit: number }
  | ({ readonly reason: 'disk' } & LowSpace)
  | { readonly reason: 'scope'; readonly holder: string; readonly ours: string; readonly theirs: string }
  | { readonly reason: 'area'; readonly area: string; readonly running: number; readonly limit: number }
  /** Of the pool of an agent that may work on it. */
  | { readonly reason: 'pool'; readonly pool: string; readonly agent: string; readonly refusal: PoolRefusal }
  | ({ readonly reason: 'budget' } & SharedRefusal)
  | { readonly reason: 'slots'; readonly running: number; readonly limit: number }
  | { readonly reason: 'cycle-limit'; readonly started: number; readonly limit: number }
  /** Its attempt has ended without saying so. */
  | { readonly reason: 'lost'; readonly why: LostWhy }
  | { readonly reason: 'question'; readonly text: string }
  | {
      readonly reason: 'approval';
      readonly hash: string;
      readonly paths: readonly string[];
      /** What waits was made by a merge with what has landed since. */
      readonly merged?: boolean;
    }
  | { readonly reason: 'train'; readonly ahead: number }
  | { readonly reason: 'landing-blocked'; readonly why: string }
  | { readonly reason: 'parked'; readonly why: string };

export type WaitingReason = Waiting['reason'];

/** Most characters of a foreign text within a sentence: what to do comes after it and must stay in sight. */
const FOREIGN_MAX = 400;
const PATHS_MAX = 10;

const LOST: { readonly [K in LostWhy]: string } = {
  unclaimed: 'no process took it up',
  'owner-dead': 'its process died',
  rebooted: 'the machine was restarted',
  expired: 'its process does not renew its lease',
};

/**
 * The reason in one sentence, numbers included, and what to do where a person can do something. One inert line.
 * @param remedy what is known to do about a parked task, instead of just putting it back; inert.
 */
export function describeWaiting(waiting: Waiting, taskId: string, remedy: string | null = null): string {
  switch (waiting.reason) {
    case 'stopped':
      return `the yard is stopped by ${foreign(waiting.by)} (${foreign(waiting.why)}); go on with: yard resume`;
    case 'paused':
      return `${foreign(describePauseSubject(waiting.subject))} is paused by ${foreign(waiting.by)} (${foreign(waiting.why)}); go on with: ${foreign(resumeCommand(waiting.subject))}`;
    case 'ending':
      return `processes of its attempt ${waiting.attempt} are still being ended`;
    case 'failures':
      return `${waiting.inARow} ${waiting.inARow === 1 ? 'attempt' : 'attempts'} failed in a row (limit ${waiting.limit}); look at them with: yard breaker, then: yard breaker reset`;
    case 'problem':
      return foreign(waiting.problem);
    case 'dependency':
      return `it comes after ${whoComesFirst(waiting)}, ${dependencySentence(waiting.state)}`;
    case 'cycle':
      return `its dependencies form a cycle: ${foreign(waiting.ids.join(' → '))}`;
    case 'not-before':
      return `it is put off for another ${waitText(waiting.remainingMs)} after a failure of the machine or a provider; try at once with: yard wake ${taskId}`;
    case 'backlog':
      return `${waiting.accepted} accepted ${waiting.accepted === 1 ? 'task waits' : 'tasks wait'} to land (limit ${waiting.limit}); starting more would only age them`;
    case 'disk':
      return `the disk is nearly full: ${formatBytes(waiting.freeBytes)} are free in ${foreign(waiting.directory)}, ${formatBytes(waiting.neededBytes)} are needed; make room, and it goes on by itself`;
    case 'scope':
      return waiting.ours === waiting.theirs
        ? `${waiting.holder} holds ${foreign(waiting.theirs)} until it has landed`
        : `${waiting.holder} holds ${foreign(waiting.theirs)}, which overlaps ${foreign(waiting.ours)}, until it has landed`;
    case 'area':
      return `${waiting.running} ${waiting.running === 1 ? 'attempt runs' : 'attempts run'} in the area ${foreign(waiting.area)} (limit ${waiting.limit})`;
    case 'pool':
      return `the pool ${foreign(waiting.pool)} ${foreign(describeRefusal(waiting.refusal, waiting.pool))}`;
    case 'budget':
      return describeSharedRefusal(waiting);
    case 'slots':
      return `${waiting.running} ${waiting.running === 1 ? 'attempt runs' : 'attempts run'} (limit ${waiting.limit})`;
    case 'cycle-limit':
      return `this cycle has started ${waiting.started} attempts (limit ${waiting.limit}); it comes in a next one`;
    case 'lost':
      return `${LOST[waiting.why]}; its work is kept, and the next cycle of yard run starts it again`;
    case 'question':
      return `it asks: ${foreign(waiting.text)} — answer with: yard answer ${taskId} "…"`;
    case 'approval':
      return `${whatWaits(waiting)}; look with: yard diff ${taskId}, then: yard approve ${taskId} ${waiting.hash.slice(0, 12)} (or refuse)`;
    case 'train':
      return waiting.ahead === 0
        ? 'it is next to land'
        : `${waiting.ahead} accepted ${waiting.ahead === 1 ? 'task is' : 'tasks are'} ahead of it in the train`;
    case 'landing-blocked':
      return `nothing can land: ${foreign(waiting.why)}`;
    case 'parked':
      return `it is parked: ${foreign(waiting.why)}; ${remedy ?? `put it back with: yard unpark ${taskId}`}`;
    default:
      throw impossible(waiting satisfies never);
  }
}

function whatWaits({ paths, merged = false }: Waiting & { reason: 'approval' }): string {
  const named = foreign(listPaths(paths, PATHS_MAX));
  return merged
    ? `merged with what has landed since, protected paths (${named}) have a content that nobody has approved`
    : `it changed protected paths (${named})`;
}

function whoComesFirst({ id, successor }: Waiting & { reason: 'dependency' }): string {
  return successor === undefined ? foreign(id) : `${foreign(successor)} (in the place of ${foreign(id)})`;
}

function foreign(text: string): string {
  return inertLine(text, FOREIGN_MAX);
}

function dependencySentence(state: DependencyState): string {
  switch (state) {
    case 'missing':
      return 'which does not exist';
    case 'cancelled':
    case 'superseded':
    case 'parked':
    case 'blocked':
      return `which is ${state} and has not landed`;
    case 'proposed':
    case 'ready':
    case 'running':
    case 'accepted':
    case 'landing':
    case 'in-review':
    case 'landed':
      return `which is ${state}`;
    default:
      throw impossible(state satisfies never);
  }
}
