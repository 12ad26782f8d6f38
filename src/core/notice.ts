import { inertLine } from './inert.ts';
import type { Need } from './need.ts';

/** What can be told of. `pool`: the account of an agent needs somebody. `stopped`: by a machine, by too many failures in a row, or a run that ended and needs a person. */
export const NOTICE_KINDS = ['question', 'approval', 'parked', 'stopped', 'pool'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface NoticeItem {
  readonly kind: NoticeKind;
  readonly taskId: string | null;
  readonly title: string;
  readonly text: string;
  readonly commands: readonly string[];
}

/** One message, however many things it tells of. */
export interface Notice {
  /** Of the newest event that it tells of: the same message sent twice has the same. */
  readonly id: string;
  readonly repository: string;
  readonly title: string;
  readonly counts: Readonly<Partial<Record<NoticeKind, number>>>;
  /** The first of them. */
  readonly items: readonly NoticeItem[];
  /** How many there are besides. */
  readonly more: number;
}

const ITEMS_MAX = 10;
const NAME_MAX = 60;

const KIND_OF: { readonly [K in Need['kind']]: NoticeKind | null } = {
  question: 'question',
  approval: 'approval',
  parked: 'parked',
  stopped: 'stopped',
  breaker: 'stopped',
  pool: 'pool',
  // A person did it, and knows.
  paused: null,
};

/** Null for what nobody is told of. */
export function noticeItem({ kind, taskId, title, text, commands }: Need): NoticeItem | null {
  const of = KIND_OF[kind];
  return of === null ? null : { kind: of, taskId, title, text, commands };
}

/** @param lastSeq of the events that it tells of */
export function makeNotice(items: readonly NoticeItem[], repository: string, lastSeq: number): Notice {
  const ordered = NOTICE_ORDER.flatMap((kind) => items.filter((item) => item.kind === kind));
  const counts = Object.fromEntries(
    NOTICE_KINDS.map((kind) => [kind, items.filter((item) => item.kind === kind).length]).filter(([, n]) => n !== 0),
  ) as Notice['counts'];
  const name = inertLine(repository, NAME_MAX);
  return {
    id: `yard-${lastSeq}`,
    repository: name,
    title: `${name}: ${headline(counts)}`,
    counts,
    items: ordered.slice(0, ITEMS_MAX),
    more: Math.max(0, ordered.length - ITEMS_MAX),
  };
}

const NOTICE_ORDER: readonly NoticeKind[] = ['stopped', 'pool', 'question', 'approval', 'parked'];

const COUNTED: { readonly [K in Exclude<NoticeKind, 'stopped'>]: readonly [one: string, many: string] } = {
  question: ['1 question', 'questions'],
  approval: ['1 approval', 'approvals'],
  parked: ['1 task parked', 'tasks parked'],
  pool: ['1 account of agents held', 'accounts of agents held'],
};

/** `the yard has come to a stop, 2 questions, 1 task parked`. */
function headline(counts: Notice['counts']): string {
  const parts = NOTICE_ORDER.flatMap((kind) => {
    const count = counts[kind] ?? 0;
    if (count === 0) return [];
    if (kind === 'stopped') return ['the yard has come to a stop'];
    const [one, many] = COUNTED[kind];
    return [count === 1 ? one : `${count} ${many}`];
  });
  return parts.join(', ');
}

const SAYS: { readonly [K in NoticeKind]: string } = {
  question: 'asks: ',
  approval: 'wants approval of ',
  parked: 'is parked: ',
  stopped: '',
  pool: '',
};

/** The one template: what every shape says of an item. */
export function itemLine({ kind, taskId, text }: NoticeItem): string {
  return `${taskId === null ? '' : `${taskId} `}${SAYS[kind]}${text}`;
}

/** What every shape ends with where not all is told; empty where it is. */
export function moreLine({ more }: Notice): string {
  return more === 0 ? '' : `and ${more} more; see: yard report`;
}

/** For `yard notify test`. */
export function testNotice(repository: string): Notice {
  const name = inertLine(repository, NAME_MAX);
  const text = 'This is a test: messages of this yard arrive here.';
  const item = { kind: 'stopped', taskId: null, title: '', text, commands: ['yard status'] } as const;
  return { id: 'yard-test', repository: name, title: `${name}: a test`, counts: {}, items: [item], more: 0 };
}
