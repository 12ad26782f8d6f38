import { describe, expect, test } from 'vitest';
import type { AttemptOutcome } from './attempt.ts';
import { Ledger, LEDGER_TYPES, PHASE_TYPE } from './ledger.ts';
import { makeMetrics } from './metrics.ts';
import { needOfTask } from './need.ts';
import { makeReport } from './report.ts';
import type { Range } from './report.ts';
import { TASK_STATUSES } from './task-state.ts';
import type { Json, YardEvent } from './yard-event.ts';

const FROM_MS = 1_000_000;
const UNTIL_MS = FROM_MS + 7_200_000;
const RANGE: Range = { sinceSeq: 0, untilSeq: 99, sinceMs: FROM_MS, untilMs: UNTIL_MS };

/** Events a minute apart from the beginning of the range. */
class History {
  readonly ledger = new Ledger(FROM_MS);
  #minutes = 0;
  #seq = 0;

  at(minutes: number): this {
    this.#minutes = minutes;
    return this;
  }

  say(type: string, data: object = {}, taskId: string | null = 'T-1', attempt: number | null = 1): this {
    this.#seq += 1;
    const atMs = FROM_MS + this.#minutes * 60_000;
    const event: YardEvent = { seq: this.#seq, atMs, taskId, attempt, type, data: data as Json };
    // What a report does not ask the store for must not matter.
    if (LEDGER_TYPES.includes(type) || type === PHASE_TYPE) this.ledger.add(event);
    return this;
  }

  ended(outcome: AttemptOutcome, taskId = 'T-1', attempt = 1): this {
    return this.say('attempt.finished', { outcome }, taskId, attempt);
  }

  report(waiting: Parameters<typeof makeReport>[2]['waiting'] = []) {
    const headlines = new Map([['T-1', { title: 'One', createdMs: FROM_MS - 60_000 }]]);
    return makeReport(this.ledger, RANGE, { headlines, waiting });
  }
}

const QUESTION = { on: { kind: 'question', text: 'which?' }, from: 'running', to: 'blocked' };
const APPROVAL = { on: { kind: 'approval', head: 'h', hash: 'x', paths: ['p'] }, from: 'running', to: 'blocked' };

describe('a report', () => {
  test('says what landed, after how many attempts, and how long it took from the backlog', () => {
    const history = new History().at(5).say('task.landed', { commit: 'abc', from: 'landing', to: 'landed' }, 'T-1', 3);
    history.say('task.landed', { commit: 'def', from: 'landing', to: 'landed' }, 'T-404', 1);
    expect(history.report().landed).toEqual([
      { id: 'T-1', title: 'One', commit: 'abc', attempts: 3, leadMs: 6 * 60_000, atMs: FROM_MS + 300_000 },
      { id: 'T-404', title: '', commit: 'def', attempts: 1, leadMs: null, atMs: FROM_MS + 300_000 },
    ]);
  });

  test('names what is still parked, and counts what a machine parked, not what a person did', () => {
    const history = new History()
      .say('task.product-failure', { why: 'no retries left', from: 'running', to: 'parked' }, 'T-1')
      .say('task.product-failure', { why: 'red', from: 'running', to: 'parked' }, 'T-2')
      .say('task.unparked', { from: 'parked', to: 'ready' }, 'T-2')
      .say('task.parked', { why: 'not now', from: 'ready', to: 'parked' }, 'T-3')
      .say('task.refused', { why: 'a person refused it', from: 'blocked', to: 'parked' }, 'T-4');
    const { parked, attention } = history.report();
    expect(parked.map(({ id, why }) => `${id}: ${why}`)).toEqual([
      'T-1: no retries left',
      'T-3: not now',
      'T-4: a person refused it',
    ]);
    expect(attention.asked.parked).toBe(2);
    expect(attention.acts).toEqual({ retries: 1, parks: 1, refusals: 1 });
  });

  test('an older question counts from the beginning of the range, one that is open to its end', () => {
    const history = new History()
      .at(10)
      .say('task.answered', { from: 'blocked', to: 'ready' }, 'T-1')
      .at(20)
      .say('task.person-needed', QUESTION, 'T-2')
      .at(50)
      .say('task.answered', { from: 'blocked', to: 'ready' }, 'T-2')
      .at(60)
      .say('task.person-needed', APPROVAL, 'T-3');
    const blocked = (id: string, updatedMs: number) =>
      needOfTask({ id, title: '', updatedMs, state: { status: 'blocked', attempt: 1, on: QUESTION.on as never } });
    const waiting = [blocked('T-3', 0), blocked('T-4', 5), blocked('T-5', UNTIL_MS + 1)].filter(
      (need) => need !== null,
    );
    const { attention } = history.report(waiting);
    // T-1 10 min, T-2 30, T-3 60, T-4 all of it; T-5 began to wait after the range.
    expect(attention.waited).toEqual({
      count: 4,
      total: (10 + 30 + 60 + 120) * 60_000,
      median: 30 * 60_000,
      p90: 120 * 60_000,
      longest: 120 * 60_000,
    });
    expect(attention.asked).toEqual({ questions: 1, approvals: 1, parked: 0, stops: 0 });
  });

  test('failures belong to somebody; what the machine lost is told with its time', () => {
    const history = new History()
      .say('task.leased', { from: 'ready', to: 'running' })
      .at(4)
      .ended({ kind: 'infrastructure', why: 'disk' })
      .ended({ kind: 'gate-red', head: 'h', summary: 's', logTail: '' }, 'T-2')
      .ended({ kind: 'gate-red', head: 'h', summary: 's', logTail: '' }, 'T-3')
      .ended({ kind: 'lost', why: 'killed' }, 'T-4')
      .ended({ kind: 'question', text: 'which?' }, 'T-5')
      .ended({ kind: 'cancelled' }, 'T-6')
      .say('task.conflicted', { why: 'both', from: 'landing', to: 'ready' }, 'T-7')
      .say('worker.spawn-failed', { what: 'train', why: 'EAGAIN' }, null)
      .say('yard.stopped', { by: 'train', why: 'damaged' }, null)
      .say('yard.stopped', { by: 'the operator', why: 'lunch' }, null);
    const { failures, machine, attention } = history.report();
    expect(failures).toEqual([
      { owner: 'product', count: 2, kinds: { 'gate-red': 2 } },
      { owner: 'conflict', count: 1, kinds: { conflicted: 1 } },
      { owner: 'infrastructure', count: 1, kinds: { infrastructure: 1 } },
    ]);
    // T-1 ran for four minutes, T-4 since before the range.
    expect(machine).toEqual({
      lostAttempts: 1,
      interruptedAttempts: 1,
      lostMs: 8 * 60_000,
      mishaps: { unstarted: 1 },
    });
    expect(attention).toMatchObject({ asked: { stops: 1 }, acts: { stops: 1 } });
  });
});

test('metrics: throughput, attempts and the time at gates', () => {
  const landed = (id: string, attempts: number) =>
    ['task.landed', { from: 'landing', to: 'landed' }, id, attempts] as const;
  const { ledger } = new History()
    .say('attempt.phase', { phase: 'gating', from: 'collecting' })
    .at(3)
    .say('attempt.phase', { phase: 'auditing', from: 'gating' })
    .say('attempt.phase', { phase: 'gating', from: 'collecting' }, 'T-2')
    .at(5)
    .ended({ kind: 'gate-red', head: 'h', summary: 's', logTail: '' }, 'T-2')
    .say(...landed('T-1', 1))
    .say(...landed('T-2', 3))
    .say(...landed('T-3', 1));
  const depth = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as never;
  const metrics = makeMetrics(ledger, RANGE, { leads: [10, 30, 20], depth });
  expect(metrics).toMatchObject({
    landed: 3,
    landedPerHour: 1.5,
    leadMs: { median: 20, p90: 30 },
    attemptsPerLanding: { count: 3, total: 5, median: 1, longest: 3 },
    gateMs: { count: 2, total: 5 * 60_000 },
    failures: [{ owner: 'product', count: 1 }],
  });
  expect(makeMetrics(ledger, { ...RANGE, untilMs: FROM_MS }, { leads: [], depth })).toMatchObject({
    landedPerHour: null,
    leadMs: { count: 0, median: null },
  });
});
