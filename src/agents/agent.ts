import type { RunInCell } from '../sandbox/cells.ts';
import type { Redactor } from '../core/redact.ts';
import type { Packet } from '../core/packet.ts';

/** One invocation of an agent: what it is given, and the bounds that it works in. */
export interface Turn {
  readonly taskId: string;
  readonly attempt: number;
  readonly token: number;
  readonly baseCommit: string;
  readonly prompt: string;
  /** Starts a program in the lane, and in what keeps it there: the only way in which an adapter may start one. */
  readonly run: RunInCell;
  /** The whole environment but for what the adapter adds. */
  readonly environment: Readonly<Record<string, string>>;
  /** Carried by every process of the attempt, so that none outlives it. */
  readonly marker: string;
  /** An empty directory outside the lane, for this turn alone, that the agent may write to. */
  readonly outbox: string;
  /** Where the raw output is kept, line for line up to a bound. */
  readonly transcript: string;
  readonly timeoutMs: number;
  /** Ended when it has said nothing for so long; null: it may be silent. */
  readonly idleMs: number | null;
  readonly killGraceMs: number;
  /** What the agent prints or reports passes it before anything else sees it. */
  readonly redactor: Redactor;
}

export interface Usage {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** US dollars; null: unknown, which is not zero. */
  readonly costUsd: number | null;
}

/** What an agent does, as it does it. Text is raw: it must be made inert before a person or a prompt sees it. */
export type AgentEvent =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly name: string; readonly summary: string }
  | { readonly kind: 'usage'; readonly usage: Usage }
  /** Always the last one, exactly once. */
  | { readonly kind: 'ended'; readonly end: TurnEnd };

/** How a turn ended. Nothing but `finished` is a success, and no text makes it one. */
export type TurnEnd =
  | { readonly kind: 'finished'; readonly packet: Packet }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'no-packet'; readonly why: string; readonly outputTail: string }
  | { readonly kind: 'provider'; readonly why: string; readonly retryAtMs: number | null }
  | { readonly kind: 'infrastructure'; readonly why: string }
  | { readonly kind: 'cancelled' };

export interface AgentRun {
  /** To be read to its end, once. */
  readonly events: AsyncIterable<AgentEvent>;
  /** Ends the turn and every process of it. The stream then ends with `cancelled`. */
  cancel(): void;
}

/** An adapter to a coding agent. */
export interface Agent {
  readonly name: string;
  /** What it can do beyond a plain turn. */
  readonly capabilities: { readonly resume: boolean };
  start(turn: Turn): AgentRun;
  /** Goes on with an earlier session. Only where `capabilities.resume`. */
  resume(turn: Turn, sessionId: string): AgentRun;
}
