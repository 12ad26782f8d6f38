import type { Answer, Conversation, Message, ReportedTokens } from './conversation.ts';
import type { Script } from './prompt-script.ts';
import { type CallStep, isCall, isText, type Step, type TextStep } from './step.ts';
import { chooseCall, shellWrite } from './tool-call.ts';

/** What happens to a request. */
export type Reaction =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly isCutOff: boolean }
  | { readonly kind: 'error'; readonly error: ErrorStep }
  | { readonly kind: 'stall' };

export type ErrorStep = Extract<Step, { error: unknown }>['error'];

/** Whether a step that fails a request is to do so now; `key` is that step in that script. */
export type IsDue = (key: string, times: number | undefined) => boolean;

/** A character that stands for bytes which are no text; the server puts them there. */
export const GARBAGE = '\uf8ff';

/** Begins the id of a call that no step asked for: its result does not count. */
const ASIDE = 'aside_';
const REFUSAL = /not been read|must (?:be )?read|read (?:it|the file) first|must be absolute/iu;
const USUAL: ReportedTokens = { input: 1000, cached: 0, cacheWrite: 0, output: 50 };

/**
 * What the script says is next. Which steps are done is read from the conversation alone: each result of a tool, and
 * each text that ended a turn, is one of them. So a repeated or resumed request gets what is its due.
 */
export function nextReaction(conversation: Conversation, script: Script, isDue: IsDue): Reaction {
  // A title, a summary, a check of the quota: no script is about these.
  if (conversation.tools.length === 0) return say('Fine.', USUAL);
  const found = findScript(conversation, script);
  if (found.kind === 'none') return say(found.why, USUAL);
  const { steps, since } = found;
  const tools = results(since);
  const problem = tools.at(-1)?.text.match(/the tool \S+ is not offered: [^\n]*/u)?.[0];
  if (problem !== undefined) return say(problem, USUAL);

  let usage = USUAL;
  for (const [index, step] of steps.entries()) {
    if (index < done(steps, since)) continue;
    if ('usage' in step) usage = step.usage;
    else if (isCall(step)) return call(step, conversation, tools, usage);
    else if (isText(step)) return say(textOf(step), usage);
    else {
      const failed = failure(step, `${found.prompt}#${index}`, isDue);
      if (failed !== null) return failed;
    }
  }
  return say('Done.', usage);
}

type Found =
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'script';
      readonly steps: readonly Step[];
      readonly prompt: string;
      readonly since: readonly Message[];
    };

function findScript(conversation: Conversation, script: Script): Found {
  const { messages } = conversation;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.role !== 'user') continue;
    try {
      const steps = script(message.text, conversation);
      if (steps !== null) return { kind: 'script', steps, prompt: message.text, since: messages.slice(index + 1) };
    } catch (error) {
      return { kind: 'none', why: error instanceof Error ? error.message : String(error) };
    }
  }
  return { kind: 'none', why: 'there is no script in this conversation' };
}

type ToolResult = Extract<Message, { role: 'tool' }>;

function results(messages: readonly Message[]): readonly ToolResult[] {
  return messages.filter((message): message is ToolResult => message.role === 'tool');
}

/** The index behind the last step that is done. */
function done(steps: readonly Step[], since: readonly Message[]): number {
  const doings = since.filter((message) => message.role !== 'user' && !(message.role === 'tool' && isApart(message)));
  let index = 0;
  for (const doing of doings) {
    const fits = doing.role === 'tool' ? isCall : isText;
    const next = steps.findIndex((step, at) => at >= index && fits(step));
    if (next === -1) return steps.length;
    index = next + 1;
  }
  return index;
}

function isApart({ callId, text }: ToolResult): boolean {
  return callId.startsWith(ASIDE) || isRefusal(text);
}

/** A file is not written like that: it was not read before, its path is relative. (Short: a file may hold these words, too.) */
function isRefusal(text: string): boolean {
  return text.length < 400 && REFUSAL.test(text);
}

function call(step: CallStep, { tools }: Conversation, past: readonly ToolResult[], usage: ReportedTokens): Reaction {
  const recent = past.slice(past.findLastIndex((result) => !isApart(result)) + 1);
  const isRefused = 'write' in step && isRefusal(recent.at(-1)?.text ?? '');
  const choice = isRefused ? shellWrite(step.write, tools) : chooseCall(step, tools, recent.length > 0);
  if (choice.kind === 'missing') return say(choice.why, usage);
  const id = `${choice.isAside ? ASIDE : 'call_'}${past.length + 1}_${crypto.randomUUID().slice(0, 8)}`;
  return { kind: 'answer', answer: { content: { kind: 'call', id, call: choice.call }, usage }, isCutOff: false };
}

function failure(
  step: Exclude<Step, CallStep | TextStep | { usage: unknown }>,
  key: string,
  isDue: IsDue,
): Reaction | null {
  if ('error' in step) return isDue(key, step.error.times) ? { kind: 'error', error: step.error } : null;
  if ('stall' in step) return isDue(key, step.stall.times) ? { kind: 'stall' } : null;
  return isDue(key, step.drop.times) ? { ...say('This breaks off in the mid', USUAL), isCutOff: true } : null;
}

function textOf(step: TextStep): string {
  if ('say' in step) return step.say.text;
  return 'big' in step ? bigText(step.big.bytes) : `These are no letters: ${GARBAGE}.`;
}

/** No two lines are alike: gemini ends a turn that repeats itself. */
function bigText(sizeBytes: number): string {
  const lines: string[] = [];
  for (let left = sizeBytes; left > 0; left -= 64) {
    lines.push(`${String(lines.length).padEnd(63, ' of a great many lines that say nothing')}\n`.slice(0, left));
  }
  return lines.join('');
}

function say(text: string, usage: ReportedTokens): Extract<Reaction, { kind: 'answer' }> {
  return { kind: 'answer', answer: { content: { kind: 'text', text }, usage }, isCutOff: false };
}
