import { expect, test } from 'vitest';
import type { Conversation, Message, OfferedTool } from './conversation.ts';
import { nextReaction, type Reaction } from './next-answer.ts';
import { scriptInPrompt, writeScript } from './prompt-script.ts';
import type { StepInput } from './step.ts';

const TOOLS: readonly OfferedTool[] = ['write', 'bash'].map((name) => ({
  name,
  namespace: null,
  kind: 'function',
  properties: {},
  required: [],
}));
const always = () => true;
const user = (...steps: readonly StepInput[]): Message => ({ role: 'user', text: `Do: ${writeScript(steps)}` });
const result = (text = '', callId = 'call_1'): Message => ({ role: 'tool', callId, text });
const said: Message = { role: 'assistant', text: 'said' };
const nudge: Message = { role: 'user', text: 'Go on.' };
const run = (command: string) => ({ run: { command } });

function next(messages: readonly Message[], isDue: Parameters<typeof nextReaction>[2] = always): Reaction {
  const conversation: Conversation = { protocol: 'chat', model: 'm', system: '', messages, tools: TOOLS };
  return nextReaction(conversation, scriptInPrompt, isDue);
}

/** What is done next, in short: a text, or a tool and its first argument. */
function doing(messages: readonly Message[]): string {
  const reaction = next(messages);
  if (reaction.kind !== 'answer') return reaction.kind;
  const { content } = reaction.answer;
  if (content.kind === 'text') return content.text;
  return `${content.call.tool.name} ${String(Object.values(content.call.arguments)[0])}`;
}

test('each result of a tool is a step', () => {
  const script = user(run('one'), run('two'));
  expect(doing([script])).toBe('bash one');
  expect(doing([script, result()])).toBe('bash two');
  expect(doing([script, result(), result()])).toBe('Done.');
});

test('a text that ended a turn is a step, and a nudge continues behind it', () => {
  const script = user(run('one'), { say: { text: 'Enough.' } }, run('two'));
  expect(doing([script, result()])).toBe('Enough.');
  expect(doing([script, result(), said, nudge])).toBe('bash two');
  expect(doing([script, result(), said, nudge, result()])).toBe('Done.');
});

test('the last message with a script counts: a resumed session has two', () => {
  expect(doing([user(run('old')), result(), said, user(run('new'))])).toBe('bash new');
});

test('a request without tools is about something else', () => {
  const conversation: Conversation = {
    protocol: 'chat',
    model: '',
    system: '',
    messages: [user(run('one'))],
    tools: [],
  };
  expect(nextReaction(conversation, scriptInPrompt, always)).toMatchObject({ answer: { content: { text: 'Fine.' } } });
});

test('what is wrong with a script is said', () => {
  expect(doing([nudge])).toBe('there is no script in this conversation');
  expect(doing([{ role: 'user', text: '<<<{"steps":[{"fly":{}}]}>>>' }])).toMatch(/^this is no script/u);
});

test.each(['You must read file a before overwriting it.', 'File path must be absolute: a'])(
  'a file that is refused is written with the shell: %s',
  (why) => {
    const script = user({ write: { path: 'a', content: 'b' } }, run('two'));
    expect(doing([script])).toBe('write a');
    expect(doing([script, result(why)])).toBe('bash mkdir -p . && printf %s b > a');
    expect(doing([script, result(why), result()])).toBe('bash two');
  },
);

test('a search for a tool is no step', () => {
  const script = user(run('one'), run('two'));
  expect(doing([script, result('', 'aside_1')])).toBe('bash one');
});

test('usage is that of the next answer alone', () => {
  const script = user({ usage: { input: 1, output: 3, cached: 2 } }, run('one'), run('two'));
  expect(next([script])).toMatchObject({ answer: { usage: { input: 1, cached: 2, cacheWrite: 0, output: 3 } } });
  expect(next([script, result()])).toMatchObject({ answer: { usage: { input: 1000 } } });
});

test('an error stops a script, until it has come about often enough', () => {
  const script = user(run('one'), { error: { status: 429, times: 1 } }, { stall: {} }, run('two'));
  const seen: unknown[] = [];
  const isDue = (key: string, times: number | undefined): boolean => {
    seen.push([key.endsWith('#1') || key.endsWith('#2'), times]);
    return times === undefined;
  };
  expect(next([script, result()])).toEqual({ kind: 'error', error: { status: 429, times: 1 } });
  expect(next([script, result()], isDue)).toEqual({ kind: 'stall' });
  expect(seen).toEqual([
    [true, 1],
    [true, undefined],
  ]);
  // Behind it, it is over.
  expect(doing([script, result(), result()])).toBe('Done.');
});

test('a large text has the size that was asked for', () => {
  for (const bytes of [0, 1, 64, 1_000_001]) expect(doing([user({ big: { bytes } })])).toHaveLength(bytes);
});
