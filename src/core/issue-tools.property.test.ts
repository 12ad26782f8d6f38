import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CALLS_MAX, callTool, UNUSED_TOOLS } from './issue-tools.ts';
import type { ToolContext, ToolState } from './issue-tools.ts';
import { TOOL_NAMES } from './tool-definitions.ts';
import type { Json } from './yard-event.ts';

const context: ToolContext = {
  binding: { taskId: 'T-1', attempt: 1, token: 1 },
  task: {
    id: 'T-1',
    title: 't',
    area: null,
    objective: 'o',
    acceptance: [],
    context: '',
    owns: ['src'],
    forbids: [],
    after: [],
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
  },
  gate: { name: 'default', command: 'true' },
};

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('done', 'blocked', 'cannot', 'lib/a', 'a\u001b[2Jb', '\u009b1m\r\n\u202e'),
  fc.array(fc.oneof(fc.string(), fc.constantFrom('lib/a', '../x')), { maxLength: 3 }),
  fc.constantFrom(null, 1, 2),
);
const KEYS = ['status', 'reason', 'question', 'summary', 'tests', 'patterns', 'why', 'phase', 'focus', 'token', 'else'];
/** Calls that are taken, if it is time for them. */
const apt = fc
  .tuple(fc.constantFrom(...TOOL_NAMES), fc.constantFrom('done', 'blocked', 'cannot'), fc.string({ unit: 'binary' }))
  .map(([name, status, text]): { name: string; arguments: Json } => {
    const all = {
      get_task: {},
      report_progress: { phase: text, focus: `x${text}`, blockers: [text] },
      ask_question: { question: text },
      report_packet: { summary: `x${text}`, tests: [text] },
      request_scope: { patterns: ['lib/a'], why: text },
      finish: { status, reason: text },
    };
    return { name, arguments: all[name] };
  });
const odd = fc.record({
  name: fc.oneof(fc.constantFrom<string>(...TOOL_NAMES), fc.string()),
  arguments: fc.oneof(
    fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 }),
    fc.jsonValue() as fc.Arbitrary<Json>,
    fc.constant(undefined),
  ),
});
const call = fc
  .tuple(fc.oneof(apt, odd, odd), fc.constantFrom(0, 1, 400, 20_000))
  .map(([one, afterMs]) => ({ ...one, afterMs }));

test('any calls give at most one terminal signal, nothing after it, and no control characters', () => {
  let endings = 0;
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      let state: ToolState = UNUSED_TOOLS;
      let monotonicMs = 0;
      let signals = 0;
      let reported = false;
      for (const { afterMs, ...one } of calls) {
        monotonicMs += afterMs;
        const before = state;
        const step = callTool(before, { ...one, monotonicMs }, context);
        ({ state } = step);
        expect(state.calls).toBe(before.calls + 1);
        expect(state.recentMs.length).toBeLessThanOrEqual(30);
        expect(step.reply.ok).toBe(step.effect.kind !== 'refused');
        expect(step.reply.text).not.toMatch(/(?![\n\t])\p{Cc}/u);
        if (before.terminal !== null) expect(step.effect).toEqual({ kind: 'refused', because: 'ended' });
        if (step.effect.kind === 'ended') {
          signals += 1;
          expect(state.terminal).toBe(step.effect.signal);
          expect(step.effect.signal.kind !== 'done' || reported).toBe(true);
        } else {
          expect(state.terminal).toBe(before.terminal);
        }
        if (step.effect.kind === 'refused') {
          expect({ ...state, calls: 0, recentMs: [] }).toEqual({ ...before, calls: 0, recentMs: [] });
        }
        if (state.packet !== before.packet) reported = true;
        const texts = JSON.stringify([state.packet, state.checkpoint, state.terminal], (_, kept: unknown) =>
          typeof kept === 'string' && /(?![\n\t])\p{Cc}/u.test(kept) ? 'LIVE' : kept,
        );
        expect(texts).not.toContain('"LIVE"');
      }
      expect(signals).toBe(state.terminal === null ? 0 : 1);
      expect(state.calls).toBeLessThan(CALLS_MAX);
      endings += signals;
    }),
    { numRuns: 500 },
  );
  // Otherwise nothing was tried.
  expect(endings).toBeGreaterThan(50);
});
