import { usageSince } from '../../core/usage.ts';
import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import { at, listAt, numberAt, textAt } from '../program/json-line.ts';
import { keptText } from '../program/kept-text.ts';
import type { Emit } from '../program/protocol.ts';

type Tokens = Omit<Usage, 'costUsd'>;

/** A message is told whole; of one that is longer, so much. */
const MESSAGE_MAX = 256 * 1024;
/** Of a title, an id, a result. They are cut again when no secret is left in them, of which half might stay otherwise. */
const SUMMARY_MAX = 20_000;
/** Of calls at one time, more are told without looking at what was told of them. */
const CALLS_MAX = 1_000;

/*
 * What an agent tells of its turn, as events. Invariants:
 * 1. Chunks of one message become one event, as soon as something else comes.
 * 2. Nothing is told of a session that is being loaded: it is what happened before.
 * 3. Memory is bounded: number and size of what is kept of calls, and of the message.
 */
export class AcpUpdates {
  readonly #emit: Emit;
  #message: { readonly kind: 'text' | 'thinking'; text: string } | null = null;
  /** Calls that were announced with the title that they began with, and those that were told. */
  readonly #untold = new Map<string, string>();
  readonly #told = new Set<string>();
  /** Of the whole session, as far as the program remembers it. */
  #costUsd: number | null = null;
  /** In this turn, as far as it was told between its messages. */
  #tokens: Tokens | null = null;
  #isMuted = false;
  #lastMessage: string | null = null;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  /** The last message of the agent in this turn; null: it has said nothing. */
  get lastMessage(): string | null {
    return this.#lastMessage;
  }

  mute(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  take(update: Json): void {
    if (this.#isMuted) return;
    switch (textAt(update, 'sessionUpdate')) {
      case 'agent_message_chunk':
        this.#count(at(update, '_meta', 'usage'));
        return this.#chunk('text', textAt(update, 'content', 'text') ?? '');
      case 'agent_thought_chunk':
        return this.#chunk('thinking', textAt(update, 'content', 'text') ?? '');
      case 'tool_call':
      case 'tool_call_update':
        return this.#tool(update);
      case 'plan':
        this.flush();
        return this.#emit({ kind: 'plan', entries: planOf(update) });
      case 'usage_update':
        if (textAt(update, 'cost', 'currency') === 'USD') this.#costUsd = numberAt(update, 'cost', 'amount');
        break;
      default:
      // Commands that there are, titles, settings: nothing that the agent does.
    }
  }

  /** What has been said so far is a message. */
  flush(): void {
    if (this.#message === null) return;
    const { kind, text } = this.#message;
    this.#message = null;
    if (text === '') return;
    if (kind === 'text') this.#lastMessage = text;
    this.#emit({ kind, text });
  }

  /** The usage of a turn is in the answer to its prompt; its cost counts on over the session. */
  usage(answer: Json, before: Usage | null): void {
    const tokens = tokensOf(answer) ?? this.#tokens;
    if (tokens === null && this.#costUsd === null) return;
    const turn: Usage = { ...(tokens ?? NO_TOKENS), costUsd: null };
    const totals: Usage = { ...turn, costUsd: this.#costUsd };
    this.#emit({ kind: 'usage', usage: { ...turn, costUsd: costSince(totals, before) }, totals });
  }

  /** Qwen tells what each request has used with the message that came of it; what was read from its cache is in the input. */
  #count(usage: Json | undefined): void {
    const count = (key: string): number => numberAt(usage, key) ?? 0;
    if (numberAt(usage, 'inputTokens') === null) return;
    const before = this.#tokens ?? NO_TOKENS;
    this.#tokens = {
      ...before,
      inputTokens: before.inputTokens + Math.max(0, count('inputTokens') - count('cachedReadTokens')),
      cachedTokens: before.cachedTokens + count('cachedReadTokens'),
      outputTokens: before.outputTokens + count('outputTokens'),
    };
  }

  #chunk(kind: 'text' | 'thinking', text: string): void {
    if (this.#message?.kind !== kind) {
      this.flush();
      this.#message = { kind, text: '' };
    }
    this.#message.text += keptText(text, MESSAGE_MAX - this.#message.text.length);
  }

  /** Programs begin with a title for want of a better one: a call is told when more is known of it. */
  #tool(update: Json): void {
    this.flush();
    const id = keptText(textAt(update, 'toolCallId') ?? '', SUMMARY_MAX);
    const status = textAt(update, 'status');
    const title = keptText(textAt(update, 'title') ?? this.#untold.get(id) ?? '', SUMMARY_MAX);
    if (textAt(update, 'sessionUpdate') === 'tool_call' && (status ?? 'pending') === 'pending') {
      if (this.#untold.size < CALLS_MAX) this.#untold.set(id, title);
      return;
    }
    const isOver = status === 'completed' || status === 'failed';
    if (this.#untold.delete(id) || !this.#told.delete(id)) {
      this.#emit({ kind: 'tool', id, name: nameOf(update), summary: title });
    }
    if (!isOver) {
      if (this.#told.size < CALLS_MAX) this.#told.add(id);
      return;
    }
    this.#emit({ kind: 'tool-result', id, ok: status === 'completed', summary: resultOf(update) });
  }
}

const NO_TOKENS: Tokens = { inputTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, outputTokens: 0 };

function nameOf(update: Json): string {
  return (
    textAt(update, 'name') ?? textAt(update, '_meta', 'claudeCode', 'toolName') ?? textAt(update, 'kind') ?? 'tool'
  );
}

function planOf(update: Json): string[] {
  return listAt(update, 'entries').flatMap((entry) => {
    const content = textAt(entry, 'content');
    return content === null ? [] : `[${textAt(entry, 'status') ?? 'pending'}] ${content}`;
  });
}

function resultOf(update: Json): string {
  const texts = listAt(update, 'content').flatMap((part) => textAt(part, 'content', 'text') ?? []);
  const raw = textAt(update, 'rawOutput') ?? textAt(update, 'rawOutput', 'output');
  return (texts.join('\n') || (raw ?? '')).slice(0, SUMMARY_MAX);
}

/** The protocol has a place for it by now; gemini has its own, and counts what it read from its cache as input. */
function tokensOf(answer: Json): Tokens | null {
  const count = (...keys: string[]): number => numberAt(answer, ...keys) ?? 0;
  if (numberAt(answer, 'usage', 'inputTokens') !== null) {
    return {
      inputTokens: count('usage', 'inputTokens'),
      cachedTokens: count('usage', 'cachedReadTokens'),
      cacheWriteTokens: count('usage', 'cachedWriteTokens'),
      outputTokens: count('usage', 'outputTokens'),
    };
  }
  const quota = ['_meta', 'quota', 'token_count'] as const;
  if (numberAt(answer, ...quota, 'input_tokens') === null) return null;
  return {
    ...NO_TOKENS,
    inputTokens: count(...quota, 'input_tokens'),
    outputTokens: count(...quota, 'output_tokens'),
  };
}

/** A program that has forgotten what a session cost begins anew. */
function costSince(totals: Usage, before: Usage | null): number | null {
  const isForgotten = (totals.costUsd ?? 0) < (before?.costUsd ?? 0);
  return before === null || isForgotten ? totals.costUsd : usageSince(totals, before).costUsd;
}
