import { Frontier } from '../../core/frontier.ts';
import { turns } from '../../core/plan.ts';
import { impossible } from '../../core/impossible.ts';
import type { PoolRefusal } from '../../core/pool.ts';
import type { Waiting } from '../../core/waiting.ts';
import type { CycleReport } from '../../reconcile/scheduler.ts';
import { groupWaiting } from '../waiting/waiting-groups.ts';
import type { WaitingTask } from '../waiting/waiting-groups.ts';

/** Nothing runs, and what could start is held by its pools or by a budget. */
export interface Standstill {
  /** What holds it, without what changes as time goes by. */
  readonly key: string;
  readonly sentences: readonly string[];
  /** Wall clock; when something may start by itself. Null: not before a person has done something. */
  readonly untilMs: number | null;
}

/** So many tasks show all the reasons that there are, nearly always; a cycle is not to take long for this. */
const LOOKED_AT = 64;
const SENTENCES_MAX = 3;

/** Null: something is under way, or waits for what is told elsewhere (a disk, a person, another task). */
export function standstill(
  { snapshot, commands }: Pick<CycleReport, 'snapshot' | 'commands'>,
  nowMs: number,
  only: string | null = null,
): Standstill | null {
  if (commands.length > 0 || snapshot.train.live) return null;
  if (snapshot.tasks.some(({ state }) => UNDER_WAY.has(state.status))) return null;
  const frontier = new Frontier(snapshot, nowMs);
  const held: (WaitingTask & { readonly waiting: readonly AccountWaiting[] })[] = [];
  for (const { task, refusal } of turns(snapshot, frontier, only)) {
    if (refusal === null) return null;
    if (!isOfAccount(refusal)) continue;
    held.push({ id: task.id, waiting: [...frontier.refusals(task)].filter(isOfAccount) });
    if (held.length === LOOKED_AT) break;
  }
  if (held.length === 0) return null;
  const reasons = held.flatMap(({ waiting }) => waiting);
  const times = reasons.flatMap((waiting) => untilOf(waiting) ?? []);
  const groups = groupWaiting(held).map(({ sentence }) => sentence);
  const more = groups.length - SENTENCES_MAX;
  return {
    key: [...new Set(reasons.map(keyOf))].toSorted().join('\n'),
    sentences: [...groups.slice(0, SENTENCES_MAX), ...(more > 0 ? [`and ${more} more (all: yard why --all)`] : [])],
    untilMs: times.length === 0 ? null : Math.min(...times),
  };
}

/** A reason that is the account's, not the task's. */
type AccountWaiting = Extract<Waiting, { readonly reason: 'pool' | 'budget' }>;

const UNDER_WAY: ReadonlySet<string> = new Set(['running', 'landing', 'accepted']);

/** That a pool takes one after the other is no wait that one would have to be told of. */
function isOfAccount(waiting: Waiting): waiting is AccountWaiting {
  if (waiting.reason === 'budget') return true;
  return waiting.reason === 'pool' && waiting.refusal.why !== 'delay';
}

function keyOf(waiting: AccountWaiting): string {
  if (waiting.reason === 'budget') return `budget ${waiting.of}`;
  return `${waiting.pool} ${poolKey(waiting.refusal)}`;
}

function poolKey(refusal: PoolRefusal): string {
  switch (refusal.why) {
    case 'person':
    case 'held':
      return `${refusal.why} ${refusal.text}`;
    case 'paused':
      return `${refusal.why} ${refusal.text} ${refusal.untilMs}`;
    case 'daily':
    case 'budget':
      return `${refusal.why} ${refusal.untilMs}`;
    case 'model-refused':
      return `${refusal.why} ${refusal.model} ${refusal.text}`;
    case 'concurrent':
    case 'model':
    case 'delay':
      return refusal.why;
    default:
      throw impossible(refusal satisfies never);
  }
}

function untilOf(waiting: AccountWaiting): number | null {
  if (waiting.reason === 'budget') return waiting.of === 'day' ? waiting.untilMs : null;
  return 'untilMs' in waiting.refusal ? waiting.refusal.untilMs : null;
}
