import { expect, test } from 'vitest';
import { spreadOf } from '../../core/spread.ts';
import type { Report } from '../../core/report.ts';
import { reportMarkdown } from './report-markdown.ts';
import { reportText } from './report-text.ts';

const NOON_MS = new Date(2026, 10, 21, 12, 0).getTime();
const REPORT: Report = {
  range: { sinceSeq: 1, untilSeq: 9, sinceMs: NOON_MS - 3_600_000, untilMs: NOON_MS },
  landed: [
    {
      id: 'T-1',
      title: 'One <b> | [x](http://a.b) @ann',
      commit: 'a'.repeat(40),
      attempts: 2,
      leadMs: 90_000,
      atMs: NOON_MS,
    },
  ],
  parked: [{ id: 'T-2', title: 'Two', why: 'no retries left: the gate is red', atMs: NOON_MS }],
  waiting: [
    {
      kind: 'question',
      taskId: 'T-3',
      title: 'Three',
      text: 'which of the two?',
      commands: ['yard answer T-3 "…"'],
      sinceMs: 0,
    },
    {
      kind: 'stopped',
      taskId: null,
      title: '',
      text: 'stopped by train: damaged',
      commands: ['yard resume'],
      sinceMs: 0,
    },
  ],
  failures: [{ owner: 'product', count: 3, kinds: { 'no-change': 1, 'gate-red': 2 } }],
  attention: {
    asked: { questions: 1, approvals: 0, parked: 1, stops: 1 },
    acts: { answers: 2 },
    waited: spreadOf([60_000]),
  },
  machine: { lostAttempts: 1, interruptedAttempts: 0, lostMs: 30_000, mishaps: { flakyGates: 1 } },
  attempts: { started: 5, ended: 5 },
};

test('as text', () => {
  expect(reportText(REPORT, 200).join('\n')).toMatchInlineSnapshot(`
    "from 2026-11-21 11:00 to 2026-11-21 12:00

    1 task landed
      T-1  aaaaaaaaaaaa  2 attempts  1 min  One <b> | [x](http://a.b) @ann

    1 task parked
      T-2  no retries left: the gate is red

    2 things for you to do
      T-3 asks: which of the two?
        $ yard answer T-3 "…"
      stopped by train: damaged
        $ yard resume

    failures, by whom they belong to
      the work itself  3  gate-red 2, no-change 1

    what it cost people
      it needed a person 3 times: 1 question, 1 parked task, 1 stop
      people did: 2 answers
      1 wait for an answer or an approval: half of them up to 1 min, the longest 1 min, 1 min together

    what the machine lost
      1 attempt lost with the process; the work is kept
      30 s of attempts came to nothing by the machine or a provider
      gates that were red once and green the second time: 1"
  `);
});

test('in a narrow terminal lines are cut, but for commands, which are to be copied', () => {
  const lines = reportText(REPORT, 30);
  expect(lines).toContain('    $ yard answer T-3 "…"');
  expect(lines.filter((line) => line.endsWith('…')).length).toBeGreaterThan(0);
  const isCommand = (line: string): boolean => line.startsWith('    $ ');
  expect(lines.slice(1).filter((line) => line.length > 32 && !isCommand(line))).toEqual([]);
});

test('a report of nothing', () => {
  const none: Report = {
    ...REPORT,
    landed: [],
    parked: [],
    waiting: [],
    failures: [],
    attention: { asked: { questions: 0, approvals: 0, parked: 0, stops: 0 }, acts: {}, waited: spreadOf([]) },
    machine: { lostAttempts: 0, interruptedAttempts: 0, lostMs: 0, mishaps: {} },
  };
  expect(reportText(none, 80).slice(1)).toEqual([
    '',
    '0 tasks landed',
    '',
    'nothing waits for you',
    '',
    'what it cost people',
    '  nothing new needed a person',
    '  nobody did anything',
  ]);
});

test('as Markdown, what a task says is text', () => {
  const text = reportMarkdown(REPORT).join('\n');
  expect(text).toContain('| T-1 | One \\<b\\> \\| \\[x\\](http&#58;//a.b) &#64;ann | aaaaaaaaaaaa | 2 | 1 min |');
  expect(text).toContain('- T-3 asks: which of the two? (`yard answer T-3 "…"`)');
  expect(text).toContain('## Parked: 1 task');
});
