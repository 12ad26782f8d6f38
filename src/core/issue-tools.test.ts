import { describe, expect, test } from 'vitest';
import { CALLS_MAX, callTool, UNUSED_TOOLS } from './issue-tools.ts';
import type { ToolContext, ToolState, ToolStep } from './issue-tools.ts';
import type { TaskSpec } from './task.ts';
import { TOOL_DEFINITIONS } from './tool-definitions.ts';
import type { Json } from './yard-event.ts';

const task: TaskSpec = {
  id: 'TASK-7',
  title: 'Say hello',
  area: null,
  objective: 'Print a greeting.\u001b[2J',
  acceptance: ['it greets'],
  context: '',
  owns: ['src/hello/**', 'docs'],
  forbids: ['src/hello/legal.ts'],
  after: [],
  gate: null,
  agent: null,
  priority: 0,
  supersedes: [],
  testPolicy: null,
  extra: [],
};
const context: ToolContext = {
  binding: { taskId: 'TASK-7', attempt: 2, token: 9 },
  task,
  gate: { name: 'default', command: 'npm test' },
};
const PACKET = { summary: 'Did it.', tests: ['a.test.ts'], commands: ['npm test'] };

/** Calls one after the other, each a second after the one before. */
function play(calls: readonly (readonly [name: string, input?: Json])[], more: Partial<ToolContext> = {}): ToolStep {
  let state: ToolState = UNUSED_TOOLS;
  let last: ToolStep | null = null;
  for (const [index, [name, input]] of calls.entries()) {
    last = callTool(state, { name, arguments: input, monotonicMs: index * 1_000 }, { ...context, ...more });
    ({ state } = last);
  }
  if (last === null) throw new Error('nothing was called');
  return last;
}

const refusal = ({ effect, reply }: ToolStep): string | null => {
  expect(reply.ok).toBe(effect.kind !== 'refused');
  return effect.kind === 'refused' ? effect.because : null;
};

describe('what ends the work', () => {
  test.each<[string, readonly (readonly [string, Json])[], unknown]>([
    [
      'done',
      [
        ['report_packet', PACKET],
        ['finish', { status: 'done' }],
      ],
      { kind: 'done', packet: { source: 'agent', ...PACKET, blockers: [] } },
    ],
    ['a question', [['ask_question', { question: ' Which\r\none? ' }]], { kind: 'question', text: 'Which\none?' }],
    ['blocked', [['finish', { status: 'blocked', reason: 'No key.' }]], { kind: 'question', text: 'No key.' }],
    ['cannot', [['finish', { status: 'cannot', reason: 'Not Turing.' }]], { kind: 'cannot', why: 'Not Turing.' }],
  ])('%s', (_, calls, signal) => {
    const step = play(calls);
    expect(step.effect).toEqual({ kind: 'ended', signal });
    expect(step.state.terminal).toEqual(signal);
    const after = play([...calls, ['finish', { status: 'cannot', reason: 'I changed my mind' }]]);
    expect(refusal(after)).toBe('ended');
    expect(after.state.terminal).toEqual(signal);
    expect(refusal(play([...calls, ['get_task']]))).toBe('ended');
  });

  test('the last report counts, of this work alone', () => {
    const { effect } = play([
      ['report_packet', { summary: 'first' }],
      ['report_packet', { summary: 'second', blockers: ['\u001b]0;x\u0007b'] }],
      ['finish', { status: 'done', reason: null }],
    ]);
    expect(effect).toMatchObject({ signal: { packet: { summary: 'second', blockers: ['b'] } } });
  });

  test.each([
    ['done without a report', { status: 'done' }, 'no-packet', /report_packet first/],
    ['blocked without a reason', { status: 'blocked', reason: ' ' }, 'malformed', /question that a person/],
    ['cannot without a reason', { status: 'cannot' }, 'malformed', /why it cannot be done/],
    ['another status', { status: 'APPROVED' }, 'malformed', /done or blocked or cannot/],
  ])('is not %s', (_, input, because, hint) => {
    const step = play([['finish', input]]);
    expect(refusal(step)).toBe(because);
    expect(step.reply.text).toMatch(hint);
    expect(step.state.terminal).toBeNull();
  });
});

describe('a wish for more scope', () => {
  const ask = (patterns: Json, more: Partial<ToolContext> = {}) =>
    play([['request_scope', { patterns, why: 'The caller is there.\n```\n# Approved' }]], more);

  test('is a question that says how to allow it', () => {
    const { effect } = ask(["lib/it's.ts", 'lib/**']);
    expect(effect).toMatchObject({ kind: 'ended', signal: { kind: 'question' } });
    if (effect.kind !== 'ended' || effect.signal.kind !== 'question') throw new Error('no question');
    expect(effect.signal.text).toMatchInlineSnapshot(`
      "May this task change more than it owns?

      - \`lib/it's.ts\`
      - \`lib/**\`

      What the agent says of it:

      \`\`\`\`
      The caller is there.
      \`\`\`
      # Approved
      \`\`\`\`

      To allow it: yard edit TASK-7 --add-owns 'lib/it'\\''s.ts' --add-owns 'lib/**', then: yard answer TASK-7 "yes""
    `);
  });

  test('names what the task forbids', () => {
    expect(ask(['src/hello/legal.ts']).effect).toMatchObject({
      signal: { text: expect.stringContaining('--drop-forbids …):\n\n- `src/hello/legal.ts`') },
    });
  });

  test.each([
    ['what it owns', ['docs/a.md'], /may change "docs\/a.md" already/],
    ['a pattern that it owns', ['src/hello/**'], /already/],
    ['one that leads out', ['../x'], /leads out of the repository/],
    ['the root', ['/etc/passwd'], /is absolute/],
    ['nothing', [], /patterns is missing/],
    ['a text', 'lib/a.ts', /patterns is not a list of texts/],
  ])('is refused for %s', (_, patterns, why) => {
    const step = ask(patterns);
    expect(['scope', 'malformed']).toContain(refusal(step));
    expect(step.reply.text).toMatch(why);
  });

  test('is refused where nothing is out of scope', () => {
    expect(refusal(ask(['lib/a.ts'], { task: { ...task, owns: [] } }))).toBe('scope');
  });
});

describe('what is refused', () => {
  test.each<[string, string, Json, string]>([
    ['another task', 'finish', { status: 'cannot', reason: 'x', task: 'TASK-8' }, 'foreign'],
    ['another attempt', 'get_task', { attempt: 1 }, 'foreign'],
    ['a stale token', 'ask_question', { question: 'x', token: 8 }, 'foreign'],
    ['a token that is a text', 'ask_question', { question: 'x', token: '9' }, 'foreign'],
    ['an unknown tool', 'land', {}, 'unknown-tool'],
    ['a name that every object has', 'constructor', {}, 'unknown-tool'],
    ['an unknown key', 'get_task', { verbose: true }, 'malformed'],
    ['a key that every object has', 'get_task', { toString: 1 }, 'malformed'],
    ['a wrong type', 'report_packet', { summary: ['x'] }, 'malformed'],
    ['a list of something else', 'report_packet', { summary: 'x', tests: [1] }, 'malformed'],
    ['a field that is missing', 'report_progress', { phase: 'editing' }, 'malformed'],
    ['a field that is blank', 'ask_question', { question: ' \u001b[0m\n' }, 'malformed'],
    ['a field that is too long', 'report_progress', { phase: 'x'.repeat(101), focus: 'y' }, 'malformed'],
    ['arguments that are nested', 'get_task', { more: {} }, 'malformed'],
    [
      'arguments deeper than a stack',
      'get_task',
      JSON.parse(`{"a":${'['.repeat(400_000)}${']'.repeat(400_000)}}`) as Json,
      'malformed',
    ],
    ['arguments that are a list', 'get_task', [], 'malformed'],
    ['arguments that are a text', 'get_task', '{}', 'malformed'],
    ['64 KiB and more', 'report_packet', { summary: 'x', tests: ['y'.repeat(65_536)] }, 'oversize'],
    ['64 KiB of few characters', 'report_packet', { summary: 'x', tests: ['€'.repeat(21_900)] }, 'oversize'],
  ])('%s', (_, name, input, because) => {
    const step = play([[name, input]]);
    expect(refusal(step)).toBe(because);
    expect(step.state).toEqual({ ...UNUSED_TOOLS, calls: 1, recentMs: [0] });
    expect(step.reply.text).not.toMatch(/(?![\n\t])\p{Cc}/u);
  });

  test('nothing of its own binding, and null for what is left out', () => {
    const binding = { task: 'TASK-7', attempt: 2, token: 9 };
    expect(refusal(play([['get_task', binding]]))).toBeNull();
    expect(refusal(play([['get_task', { task: null, attempt: null, token: null }]]))).toBeNull();
    expect(refusal(play([['get_task']]))).toBeNull();
  });

  test('a flood, until it is over; and more calls than any work needs', () => {
    let state = UNUSED_TOOLS;
    const call = (monotonicMs: number) => {
      const step = callTool(state, { name: 'get_task', arguments: {}, monotonicMs }, context);
      ({ state } = step);
      return refusal(step);
    };
    expect(Array.from({ length: 40 }, (_, at) => call(at))).toEqual([
      ...Array.from({ length: 30 }, () => null),
      ...Array.from({ length: 10 }, () => 'flood'),
    ]);
    expect(call(9_999)).toBe('flood');
    expect(call(10_000)).toBeNull();
    while (state.calls < CALLS_MAX) call(state.calls * 10_000);
    expect(call(1e9)).toBe('too-many');
    expect(state.recentMs.length).toBeLessThanOrEqual(30);
  });
});

test('progress is written once a second, and the last one kept', () => {
  let state = UNUSED_TOOLS;
  const report = (focus: string, monotonicMs: number) => {
    const input = { phase: 'editing\n\u001b[31m', focus, next_action: null, evidence: ['a\nb'] };
    const step = callTool(state, { name: 'report_progress', arguments: input, monotonicMs }, context);
    ({ state } = step);
    expect(step.reply.ok).toBe(true);
    expect(state.checkpoint).toEqual({ phase: 'editing', focus, nextAction: null, blockers: [], evidence: ['a\nb'] });
    return step.effect.kind;
  };
  expect([report('a', 5_000), report('b', 5_999), report('c', 6_000)]).toEqual(['progress', 'none', 'progress']);
});

test('the task is shown with its gate, as text', () => {
  const { reply } = play([['get_task']]);
  expect(reply.text).not.toContain('\u001b');
  expect(JSON.parse(reply.text)).toMatchObject({
    task: 'TASK-7',
    attempt: 2,
    objective: task.objective,
    owns: task.owns,
    gate: { name: 'default', command: 'npm test' },
  });
});

test('what agents are shown of the tools', () => {
  expect(TOOL_DEFINITIONS.map(({ name, readOnly }) => `${name} ${readOnly}`)).toEqual([
    'get_task true',
    'report_progress false',
    'ask_question false',
    'report_packet false',
    'request_scope false',
    'finish false',
  ]);
  expect(TOOL_DEFINITIONS.find(({ name }) => name === 'finish')?.inputSchema).toEqual({
    type: 'object',
    properties: {
      status: { type: 'string', enum: ['done', 'blocked', 'cannot'], description: expect.any(String) },
      reason: { type: 'string', description: expect.any(String) },
      task: { type: 'string', description: expect.any(String) },
      attempt: { type: 'integer', description: expect.any(String) },
      token: { type: 'integer', description: expect.any(String) },
    },
    required: ['status'],
    additionalProperties: false,
  });
});
