/** What a request of any protocol says, in our own words: protocols translate into this, scripts and tools read it. */
export interface Conversation {
  readonly protocol: 'messages' | 'responses' | 'chat' | 'gemini';
  readonly model: string;
  /** The system text, without what programs put into messages of that role later on (`responses`: with those of developers). */
  readonly system: string;
  /** Oldest first. */
  readonly messages: readonly Message[];
  readonly tools: readonly OfferedTool[];
}

/** An assistant's message counts only where it ended a turn of the model: text without a call. */
export type Message =
  | { readonly role: 'user' | 'assistant'; readonly text: string }
  | { readonly role: 'tool'; readonly callId: string; readonly text: string };

export interface OfferedTool {
  readonly name: string;
  /** Codex groups tools by the server that they come from; null where a call has no such field. */
  readonly namespace: string | null;
  /** `function` takes arguments, `custom` one text; `search` finds tools that are not told yet. */
  readonly kind: 'function' | 'custom' | 'search';
  /** The properties of the arguments, each with its JSON Schema. */
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}

/** What the model answers a request with. */
export interface Answer {
  readonly content:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'call'; readonly id: string; readonly call: ToolCall };
  readonly usage: ReportedTokens;
}

export interface ToolCall {
  readonly tool: OfferedTool;
  /** Of a `custom` tool: `{ input }`. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Tokens; `input` is what was neither read from a cache nor written to one. */
export interface ReportedTokens {
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly output: number;
}
