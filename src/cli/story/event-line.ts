import { listPaths } from '../../core/decision.ts';
import { inertLine } from '../../core/inert.ts';
import { describePauseSubject, parsePauseKey } from '../../core/pause.ts';
import type { Json, YardEvent } from '../../core/yard-event.ts';
import { cutTo } from '../terminal/columns.ts';
import type { Output, Style } from '../terminal/output.ts';
import { wrapText } from '../terminal/wrap.ts';

const TEXT_MAX = 160;

/** What the lines are for. */
type Paper = Pick<Output, 'style' | 'isTerminal' | 'width'>;

interface Line {
  readonly sign: string;
  readonly style: Style;
  readonly text: string;
}

/** What an event says to a person who watches, in one line; null for those that are not worth one. */
function describeEvent(event: YardEvent, titleOf: (id: string) => string): Line | null {
  const about = event.taskId ?? '';
  // Most tasks have but one.
  const attempt = event.attempt === null || event.attempt === 1 ? '' : ` (attempt ${event.attempt})`;
  const line = (sign: string, style: Style, text: string): Line => ({
    sign,
    style,
    text: `${about}${attempt} ${text}`.trim(),
  });
  const why = textOf(event.data, 'why');
  switch (event.type) {
    case 'task.added':
      return line('+', 'dim', 'joined the backlog');
    case 'task.changed':
      return line('+', 'dim', 'was edited; the next attempt sees it');
    case 'task.leased':
      return line('▸', 'cyan', [begun(event.data), titleOf(about)].filter((part) => part !== '').join(': '));
    case 'task.accepted':
      return line('✓', 'green', 'accepted: green in a clean checkout, waits to land');
    case 'task.product-failure':
      return textOf(event.data, 'to') === 'parked'
        ? line('✗', 'red', `parked, no retries left: ${why}`)
        : line('✗', 'yellow', why);
    case 'task.infrastructure-failure':
      return line('!', 'yellow', `the machine or a provider failed: ${why}`);
    case 'task.person-needed':
    case 'task.unapproved':
      return line('?', 'yellow', personNeeded(event.data));
    case 'task.integrity-failure':
      return line('✗', 'red', `parked: ${why}`);
    case 'task.lease-lost':
      return line('!', 'yellow', `lost: ${why}; its work is kept`);
    case 'task.no-progress':
      return line('✗', 'red', `parked, no progress: ${why}`);
    case 'task.interrupted':
      return line('■', 'yellow', 'ended, and ready again; its work is kept');
    case 'task.conflicted':
    case 'task.blamed':
      return line('↩', 'yellow', `sent back: ${why}`);
    case 'task.postponed':
      return line('↻', 'yellow', `waits, and nothing is counted: ${why}`);
    case 'task.landed':
      return line('★', 'green', `landed as ${textOf(event.data, 'commit').slice(0, 12)}`);
    case 'task.parked':
      return line('■', 'yellow', `parked ${why}`);
    case 'task.answered':
    case 'task.approved':
    case 'task.refused':
    case 'task.unparked':
    case 'task.woken':
    case 'task.cancelled':
      return line('·', 'cyan', event.type.slice('task.'.length));
    case 'task.superseded':
      return line('·', 'cyan', `superseded by ${textOf(event.data, 'by')}`);
    default:
      return describeYardEvent(event, line, why);
  }
}

function begun(data: Json): string {
  return textOf(data, 'entry') === 'gating' ? 'goes on at its gate' : 'started';
}

function describeYardEvent(
  event: YardEvent,
  line: (sign: string, style: Style, text: string) => Line,
  why: string,
): Line | null {
  switch (event.type) {
    case 'landing.closed':
      return undone(event.data) === null ? null : line('↩', 'yellow', `not landed: ${undone(event.data)}`);
    case 'yard.stopped':
      return line('■', 'red', `the yard is stopped by ${textOf(event.data, 'by')}: ${why}`);
    case 'yard.interrupted':
      return line('■', 'red', `what runs is ended by ${textOf(event.data, 'by')}`);
    case 'yard.paused':
      return line('■', 'yellow', `${subjectOf(event.data)} is paused by ${textOf(event.data, 'by')}: ${why}`);
    case 'yard.unpaused':
      return line('▸', 'green', `${subjectOf(event.data)} is paused no longer`);
    case 'breaker.reset':
      return line('▸', 'green', 'failures in a row are forgotten');
    case 'yard.resumed':
      return line('▸', 'green', 'the yard goes on');
    case 'train.flake':
      return line('!', 'yellow', `its gate was red once and green the second time: ${textOf(event.data, 'summary')}`);
    case 'train.base-red':
      return line('!', 'red', `the target itself is red: ${why}`);
    case 'train.infrastructure':
    case 'worker.spawn-failed':
      return line('!', 'yellow', `the machine failed: ${why}`);
    case 'landing.under-work-tree':
      return line('!', 'red', `landed under a working tree: ${why}`);
    case 'yard.mended':
      return line(
        '·',
        'dim',
        `mended: ${MENDED[textOf(event.data, 'what')] ?? 'repaired'}, ${textOf(event.data, 'path')}`,
      );
    case 'breaker.opened':
      return line('■', 'red', 'too many attempts failed in a row, so nothing starts (look: yard breaker)');
    case 'notify.failed':
      return line('!', 'yellow', `nobody could be told by ${textOf(event.data, 'channel')}: ${why}; it is tried again`);
    case 'notify.mended':
      return line('·', 'dim', `people are told again by ${textOf(event.data, 'channel')}`);
    case 'yard.migrated':
      return line('·', 'dim', `the store was brought to a newer format; as it was: ${textOf(event.data, 'backup')}`);
    case 'config.changed':
      return line('·', 'cyan', `the configuration has changed: ${namesIn(event.data, 'keys')}; for what starts now`);
    case 'config.broken':
      return line(
        '!',
        'red',
        `the configuration does not hold, the last good one stays in force: ${textOf(event.data, 'message')}`,
      );
    case 'config.mended':
      return line('▸', 'green', 'the configuration holds again');
    case 'sweep.left':
      return line('!', 'yellow', `${textOf(event.data, 'path')} could not be removed: ${why}`);
    case 'depot.damaged':
      return line('!', 'red', 'objects of its commit are damaged in the depot; copies are looked for');
    case 'lane.stays':
      return line('!', 'yellow', `its lane stays, because not all of it could be kept elsewhere: ${why}`);
    case 'attempt.survivors':
      return line('!', 'red', 'processes of it could not be ended; its lane is not touched');
    case 'train.survivors':
      return line('!', 'red', 'processes of the train could not be ended; no other train starts');
    default:
      return describePoolEvent(event, line, why);
  }
}

function describePoolEvent(
  { type, data }: YardEvent,
  line: (sign: string, style: Style, text: string) => Line,
  why: string,
): Line | null {
  const pool = `the pool ${textOf(data, 'pool')}`;
  switch (type) {
    case 'pool.paused':
      return line('■', 'yellow', `${pool} is put off: ${why}`);
    case 'pool.person-needed':
      return line('■', 'red', `${pool} needs a person: ${why}`);
    case 'pool.held':
      return line('■', 'yellow', `${pool} is paused by ${textOf(data, 'by')}: ${why}`);
    case 'pool.resumed':
      return line('▸', 'green', `${pool} is paused no longer`);
    case 'pool.cleared':
      return isHeld(data)
        ? line(
            '▸',
            'green',
            `what failures did to ${pool} is forgotten; a person has paused it, and it stays so (yard pools)`,
          )
        : line('▸', 'green', `${pool} goes on`);
    default:
      return null;
  }
}

/** Of a pool that was cleared; an older version has not said. */
function isHeld(data: Json): boolean {
  return typeof data === 'object' && data !== null && 'held' in data && data['held'] === true;
}

function subjectOf(data: Json): string {
  const subject = parsePauseKey(textOf(data, 'subject'));
  return subject === null ? textOf(data, 'subject') : inertLine(describePauseSubject(subject), TEXT_MAX);
}

const MENDED: Readonly<Record<string, string>> = {
  'stale-lock': 'removed the lock of a git that has died',
  'broken-ref': 'put aside a ref of the depot whose commit is lost',
  'git-directory': 'wrote a damaged file of the depot anew',
};

/** Why a landing was taken back; null for one that landed. */
function undone(data: Json): string | null {
  const result = isMap(data) ? (data['result'] ?? null) : null;
  return isMap(result) && result['kind'] === 'undone' ? textOf(result, 'why') : null;
}

function personNeeded(data: Json): string {
  const on = isMap(data) ? data['on'] : undefined;
  if (on === undefined || !isMap(on)) return 'needs a person';
  if (on['kind'] === 'question') return `asks: ${textOf(on, 'text')}`;
  const paths = Array.isArray(on['paths']) ? on['paths'].join(', ') : '';
  const named = inertLine(paths, TEXT_MAX);
  return on['merged'] === true
    ? `merged with what has landed since, protected paths (${named}) wait for approval once more`
    : `changed protected paths (${named}) and waits for approval`;
}

function isMap(data: Json): data is { readonly [key: string]: Json } {
  return data !== null && typeof data === 'object' && !Array.isArray(data);
}

function textOf(data: Json, key: string): string {
  const value = isMap(data) ? data[key] : undefined;
  return typeof value === 'string' ? inertLine(value, TEXT_MAX) : '';
}

function namesIn(data: Json, key: string): string {
  const names = isMap(data) ? data[key] : undefined;
  return Array.isArray(names) ? inertLine(listPaths(names.map(String)), TEXT_MAX) : '';
}

/** Tasks that came in together are told of together from this number on. */
const CROWD = 4;
/** Of the time and the sign. */
const INDENT = 11;

/** Events as they are printed, `12:34:56 ✓ TASK-0001 …`; long ones in lines that fit a terminal. */
export function eventLines(events: readonly YardEvent[], output: Paper, titleOf: (id: string) => string): string[] {
  const lines: string[] = [];
  for (let index = 0; index < events.length;) {
    const event = events[index];
    if (event === undefined) break;
    const crowd = crowdAt(events, index);
    const line = crowd.length < CROWD ? describeEvent(event, titleOf) : crowdLine(crowd);
    if (line !== null) lines.push(...render(event.atMs, line, output));
    index += crowd.length < CROWD ? 1 : crowd.length;
  }
  return lines;
}

/** The ids of the tasks that were added one after the other from here. */
function crowdAt(events: readonly YardEvent[], start: number): string[] {
  const ids: string[] = [];
  for (let index = start; events[index]?.type === 'task.added'; index += 1) ids.push(events[index]?.taskId ?? '');
  return ids;
}

function crowdLine(ids: readonly string[]): Line {
  return { sign: '+', style: 'dim', text: `${ids.length} tasks joined the backlog: ${listPaths(ids)}` };
}

function render(atMs: number, { sign, style, text }: Line, output: Paper): string[] {
  const time = new Date(atMs).toTimeString().slice(0, 8);
  const room = output.isTerminal ? Math.max(20, output.width - INDENT) : Infinity;
  const [first = '', ...rest] = wrapText(text, room);
  return [
    `${output.style('dim', time)} ${output.style(style, sign)} ${first}`,
    ...rest.map((line) => `${' '.repeat(INDENT)}${line}`),
  ];
}

const DATA_MAX = 400;
/** Of a number, a type, and a task with its attempt: so that the columns of most lines stand below each other. */
const WIDTHS = { seq: 6, type: 22, about: 14 };

/** An event in one line, with its number and its type: what it says to a person, or its data as they are. */
export function numberedEvent(event: YardEvent, paper: Paper): string {
  const { seq, atMs, type, taskId, attempt, data } = event;
  const about = `${taskId ?? ''}${attempt === null ? '' : `/${attempt}`}`;
  // The task stands in a column of its own already.
  const said = describeEvent({ ...event, taskId: null, attempt: null }, () => '')?.text;
  const text = said ?? (isMap(data) && Object.keys(data).length === 0 ? '' : inertLine(JSON.stringify(data), DATA_MAX));
  const time = formatTime(atMs);
  const head = `${String(seq).padStart(WIDTHS.seq)} ${time} `;
  const room = paper.isTerminal ? paper.width - head.length : Infinity;
  // Without room for columns it goes on below.
  const isNarrow = room < WIDTHS.type + WIDTHS.about;
  const cells = isNarrow ? [type, about, text] : [type.padEnd(WIDTHS.type), about.padEnd(WIDTHS.about), text];
  const rest = cells
    .filter((cell) => cell !== '')
    .join(' ')
    .trimEnd();
  return `${paper.style('dim', head)}${isNarrow ? rest : cutTo(rest, room)}`;
}

/** `2026-11-21 14:03:59`, by the clock of whoever reads it. */
export function formatTime(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
