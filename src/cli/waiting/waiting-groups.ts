import { chainWaiting } from '../../core/chain-waiting.ts';
import type { AgentWaiting } from '../../core/chain-waiting.ts';
import { inertLine } from '../../core/inert.ts';
import { describeWaiting } from '../../core/waiting.ts';
import type { Waiting, WaitingReason } from '../../core/waiting.ts';
import { wrapText } from '../terminal/wrap.ts';

/** A task and all that it waits for, what decides first. */
export interface WaitingTask {
  readonly id: string;
  readonly waiting: readonly Waiting[];
  /** What is known to do about it, where it is parked. */
  readonly remedy?: string | null;
}

/** Tasks that the same thing holds back, in one sentence. */
export interface WaitingGroup {
  readonly reason: WaitingReason;
  readonly sentence: string;
  readonly ids: readonly string[];
}

/** What a person can do something about comes first; what passes by itself comes last. */
const ORDER: readonly WaitingReason[] = [
  'question',
  'approval',
  'parked',
  'problem',
  'cycle',
  'landing-blocked',
  'stopped',
  'paused',
  'failures',
  'pool',
  'budget',
  'disk',
  'lost',
  'ending',
  'dependency',
  'scope',
  'backlog',
  'train',
  'not-before',
  'area',
  'slots',
  'cycle-limit',
];

const SENTENCE_MAX = 2_000;
const AGENT_MAX = 100;
/** Of one reason; beyond that a person reads the JSON. */
const GROUPS_MAX = 20;
const IDS_MAX = 12;

/** Sentences of what tasks wait for. Most wait for the very same thing, which is one object: it is told once. */
export class WaitingSentences {
  readonly #told = new Map<Waiting, string>();

  of(entry: Waiting, id: string, remedy: string | null = null): string {
    const known = this.#told.get(entry);
    if (known !== undefined) return known;
    const sentence = inertLine(describeWaiting(entry, id, remedy), SENTENCE_MAX);
    // Reasons of one task alone name it in what is to be done.
    if (SHARED.has(entry.reason)) this.#told.set(entry, sentence);
    return sentence;
  }

  /** Where it is its agents that decide, all of them: none says enough of a chain. Null: one reason decides. */
  ofChain(waiting: readonly Waiting[], id: string): string | null {
    const chain = chainWaiting(waiting);
    if (!chain.some((entry) => entry === waiting[0])) return null;
    const links = chain.map((entry, index) => `(${index + 1}) ${this.ofLink(entry, id)}`);
    return inertLine(`none of its agents can start: ${links.join(' ')}`, SENTENCE_MAX);
  }

  /** One agent of a chain. */
  ofLink(entry: AgentWaiting, id: string): string {
    const sentence = this.of(entry, id);
    return entry.reason === 'pool' ? `${inertLine(entry.agent, AGENT_MAX)}: ${sentence}` : sentence;
  }
}

/** The same object for all tasks, as the frontier gives it. */
const SHARED: ReadonlySet<WaitingReason> = new Set([
  'slots',
  'cycle-limit',
  'stopped',
  'failures',
  'disk',
  'backlog',
  'pool',
  'budget',
]);

/** By what decides over each of them. The tasks keep their order; those that wait for nothing are left out. */
export function groupWaiting(tasks: readonly WaitingTask[]): WaitingGroup[] {
  const sentences = new WaitingSentences();
  const groups = new Map<string, { reason: WaitingReason; sentence: string; ids: string[] }>();
  for (const { id, waiting, remedy = null } of tasks) {
    const [first] = waiting;
    if (first === undefined) continue;
    const sentence = sentences.ofChain(waiting, id) ?? sentences.of(first, id, remedy);
    const key = `${first.reason} ${sentence}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { reason: first.reason, sentence, ids: [id] });
    else group.ids.push(id);
  }
  const rank = new Map(ORDER.map((reason, index) => [reason, index]));
  const rankOf = ({ reason }: WaitingGroup): number => rank.get(reason) ?? ORDER.length;
  return [...groups.values()].toSorted((a, b) => rankOf(a) - rankOf(b) || b.ids.length - a.ids.length);
}

/** A line for each group; below it, where there are several tasks, their ids. `all`: the command that leaves out none. */
export function renderGroups(groups: readonly WaitingGroup[], width: number, all: string): string[] {
  const lines: string[] = [];
  const shown = new Map<WaitingReason, number>();
  for (const { reason, sentence, ids } of groups) {
    const before = shown.get(reason) ?? 0;
    shown.set(reason, before + 1);
    if (before >= GROUPS_MAX) continue;
    const head = ids.length === 1 ? (ids[0] ?? '') : `${ids.length} tasks`;
    lines.push(...hanging(`${head}: ${sentence}`, width));
    if (ids.length > 1) lines.push(...hanging(`  ${listIds(ids)}`, width));
  }
  for (const [reason, count] of shown)
    if (count > GROUPS_MAX) lines.push(`and ${count - GROUPS_MAX} more of the reason ${reason} (all: ${all})`);
  return lines;
}

function listIds(ids: readonly string[]): string {
  const shown = ids.slice(0, IDS_MAX).join(', ');
  return ids.length > IDS_MAX ? `${shown} and ${ids.length - IDS_MAX} more` : shown;
}

/** Lines that fit; those after the first stand further in. */
function hanging(text: string, width: number): string[] {
  const [first = '', ...rest] = wrapText(text, Math.max(20, width - 4));
  return [first, ...rest.map((line) => `    ${line}`)];
}
