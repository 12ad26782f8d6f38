import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { IllegalTransitionError, step } from './step.ts';
import type { Progress } from './step.ts';
import type { TaskEvent, TaskEventKind } from './task-event.ts';
import { isFinal, NO_COUNTERS, READY } from './task-state.ts';
import type { RetryPolicy, TaskState } from './task-state.ts';

const small = fc.nat({ max: 3 });
const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  retries: small,
  infrastructure: small,
  lost: small,
  lostTogether: small,
  conflicts: small,
  backoffMs: fc.constant(10),
  backoffMaxMs: fc.constant(100),
});

const why = fc.constantFrom('why');
const atMs = fc.nat();
const anyEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('leased'), attempt: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('accepted'), head: fc.constantFrom('h1', 'h2') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('product-failure'), why }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('infrastructure-failure'),
      why,
      atMs,
      retryAtMs: fc.option(fc.nat()),
      collected: fc.option(fc.constant('h3')),
    }),
  },
  fc.record({
    kind: fc.constant('person-needed'),
    on: fc.constantFrom(
      { kind: 'question', text: '?' } as const,
      { kind: 'approval', head: 'approved', hash: 'x', paths: ['p'] } as const,
    ),
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('lease-lost'),
      why,
      atMs,
      together: fc.boolean(),
      collected: fc.constant(null),
    }),
  },
  fc.record({ kind: fc.constant('postponed'), why, pool: fc.constant(null) }),
  fc.record({ kind: fc.constantFrom('integrity-failure', 'refused', 'no-progress', 'interrupted'), why }),
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('proposal-valid', 'answered', 'approved', 'boarded', 'sealed', 'unboarded', 'unparked'),
    }),
  },
  fc.record({
    kind: fc.constantFrom('proposal-invalid', 'review-opened', 'review-closed', 'repair-wanted', 'cancelled'),
  }),
  fc.record({ kind: fc.constantFrom('landed', 'review-merged'), commit: fc.constant('c') }),
  fc.record({
    kind: fc.constant('unapproved'),
    on: fc.constant({ kind: 'approval', head: 'merged', hash: 'y', paths: ['p'], merged: true } as const),
  }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('conflicted', 'blamed'), why, detail: why }) },
  fc.record({ kind: fc.constant('superseded'), by: fc.constant('T-2') }),
);

const starts: fc.Arbitrary<TaskState> = fc.constantFrom<TaskState[]>({ status: 'proposed' }, READY);

interface Taken {
  readonly before: Progress;
  readonly event: TaskEvent;
  /** Null: refused. */
  readonly after: Progress | null;
}

/** Every step of a run; a refused event changes nothing. */
function run(start: TaskState, events: readonly TaskEvent[], policy: RetryPolicy): Taken[] {
  let progress: Progress = { state: start, counters: NO_COUNTERS };
  return events.map((event) => {
    // Frozen: a step that writes to what it was given throws.
    const before = Object.freeze({ state: Object.freeze(progress.state), counters: Object.freeze(progress.counters) });
    let after: Progress | null = null;
    try {
      after = step(before, event, policy);
    } catch (error) {
      if (!(error instanceof IllegalTransitionError)) throw error;
    }
    progress = after ?? before;
    return { before, event, after };
  });
}

function everyRun(check: (taken: readonly Taken[], policy: RetryPolicy) => void): void {
  fc.assert(
    fc.property(starts, fc.array(anyEvent, { maxLength: 120, size: 'max' }), policies, (start, events, policy) => {
      check(run(start, events, policy), policy);
    }),
    { numRuns: 300 },
  );
}

test('landed is final; cancelled and superseded take nothing', () => {
  everyRun((taken) => {
    for (const { before, after } of taken) if (isFinal(before.state.status)) assert.equal(after, null);
  });
});

test('no budget is overdrawn by more than the failure that parks', () => {
  everyRun((taken, policy) => {
    for (const { after } of taken) {
      if (after === null) continue;
      const { counters, state } = after;
      for (const name of ['retries', 'infrastructure', 'lost', 'conflicts'] as const) {
        assert.ok(counters[name] <= policy[name] + 1);
        if (counters[name] > policy[name]) assert.ok(['parked', 'cancelled', 'superseded'].includes(state.status));
      }
    }
  });
});

test('only a product failure, no progress and blame spend a retry, and only a person gives it back', () => {
  everyRun((taken) => {
    for (const { before, event, after } of taken) {
      if (after === null) continue;
      const spent = after.counters.retries - before.counters.retries;
      if (['product-failure', 'no-progress', 'blamed'].includes(event.kind)) assert.equal(spent, 1);
      else if (event.kind === 'unparked') assert.deepEqual(after.counters, NO_COUNTERS);
      else assert.equal(spent, 0);
    }
  });
});

test('without a person, a forge or a pool that holds it, a task starts a bounded number of attempts', () => {
  // A pool bounds what is postponed by its own pauses.
  const outside = new Set<TaskEventKind>([
    'answered',
    'approved',
    'unparked',
    'repair-wanted',
    'interrupted',
    'postponed',
  ]);
  everyRun((taken, policy) => {
    const inARow = policy.infrastructure + policy.lost + policy.lostTogether + 1;
    const most = (policy.retries + policy.conflicts + 1) * inARow;
    let started = 0;
    for (const { event, after } of taken) {
      if (after === null) continue;
      if (outside.has(event.kind)) started = 0;
      if (event.kind === 'leased') started += 1;
      assert.ok(started <= most);
    }
  });
});

test('a sealed landing ends as landed or goes back to accepted, and nothing else lands without a review', () => {
  everyRun((taken) => {
    for (const { before, event, after } of taken) {
      if (after === null) continue;
      const sealed = before.state.status === 'landing' && before.state.sealed;
      if (sealed) assert.ok(['landed', 'unboarded'].includes(event.kind));
      if (after.state.status === 'landed') assert.ok(sealed || before.state.status === 'in-review');
    }
  });
});

test('the entry of a running attempt survives failures that are not its own, and nothing else', () => {
  everyRun((taken) => {
    for (const { before, event, after } of taken) {
      if (after?.state.status !== 'ready' || before.state.status !== 'running') continue;
      const survives = ['infrastructure-failure', 'lease-lost', 'postponed', 'interrupted'].includes(event.kind);
      const made = 'collected' in event ? event.collected : null;
      const entry = made === null ? before.state.entry : { phase: 'gating', head: made };
      assert.deepEqual(after.state.entry, survives ? entry : { phase: 'implementing' });
    }
  });
});

test('the head that was accepted is the head that lands', () => {
  everyRun((taken) => {
    let head: string | null = null;
    for (const { event, after } of taken) {
      if (after === null) continue;
      if (event.kind === 'accepted') head = event.head;
      if ('head' in after.state) assert.equal(after.state.head, head);
    }
  });
});
