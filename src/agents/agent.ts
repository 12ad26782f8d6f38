import type { AgentKind } from '../core/agent-kind.ts';
import type { ProviderFailure } from '../core/provider-failure.ts';
import type { Redactor } from '../core/redact.ts';
import type { SessionRole } from '../core/session.ts';
import type { Usage } from '../core/usage.ts';
import type { RunInCell } from '../sandbox/cells.ts';
import type { Packet } from '../core/packet.ts';
import type { OpenTools } from './tools/open-issue-tools.ts';

/** One invocation of an agent: what it is given, and the bounds that it works in. */
export interface Turn {
  readonly taskId: string;
  readonly attempt: number;
  readonly token: number;
  readonly baseCommit: string;
  /** The lane, which the program is started in. */
  readonly directory: string;
  readonly role: SessionRole;
  /** Of any size: never an argument of a program. */
  readonly prompt: string;
  /** Standing instructions beside the prompt; null: none. */
  readonly system: string | null;
  /** The session to go on with, and what it had counted up to then; null: a new one. Only where `capabilities.resume`. */
  readonly session: { readonly id: string; readonly totals: Usage | null } | null;
  /** Yardmaster's own tools for this attempt; null: it reports by its last message, or by a file. */
  readonly tools: Omit<OpenTools, 'close'> | null;
  /** JSON Schema that the last message is to match, for programs that hold their model to one; null: none. */
  readonly schema: Readonly<Record<string, unknown>> | null;
  /** The most that the program may spend of itself, for those that can be told; null: no bound. */
  readonly maxCostUsd: number | null;
  /** Starts a program in the lane, and in what keeps it there: the only way in which an adapter may start one. */
  readonly run: RunInCell;
  /** The whole environment but for what the adapter adds. */
  readonly environment: Readonly<Record<string, string>>;
  /** Carried by every process of the attempt, so that none outlives it. */
  readonly marker: string;
  /** A directory outside the lane, for this attempt alone, that the agent may write to. */
  readonly outbox: string;
  /** A directory where programs keep their settings and sessions: of this task and role alone, and kept between turns. */
  readonly home: string;
  /** An empty directory, readable in the cell, for what is to be in `home` before the program starts. */
  readonly seed: string;
  /** Whether something else than the program itself keeps it in the lane. */
  readonly isEnclosed: boolean;
  /** Where what the agent does is kept as it is shown to people, line for line up to a bound. */
  readonly transcript: string;
  /** Where the raw output of a program that speaks a protocol is kept. */
  readonly rawLog: string;
  readonly timeoutMs: number;
  /** So long before that it is told that its time is nearly up, where `capabilities.steer`; null: it is not. */
  readonly lastCallMs: number | null;
  /** Ended when it has said nothing for so long; null: it may be silent. */
  readonly idleMs: number | null;
  /** Ended when its provider has refused it for so long, however often the program tries again. */
  readonly patienceMs: number;
  readonly killGraceMs: number;
  /** What the agent prints or reports passes it before anything else sees it. */
  readonly redactor: Redactor;
}

/** What an agent does, as it does it. Text is raw: it must be made inert before a person or a prompt sees it. */
export type AgentEvent =
  | { readonly kind: 'started'; readonly pid: number }
  /** `model`: the one that answers in it, where the program tells: what it costs goes by it. */
  | { readonly kind: 'session'; readonly id: string; readonly model?: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string }
  | { readonly kind: 'tool'; readonly id: string; readonly name: string; readonly summary: string }
  | { readonly kind: 'tool-result'; readonly id: string; readonly ok: boolean; readonly summary: string }
  | { readonly kind: 'plan'; readonly entries: readonly string[] }
  /** `totals`: what the program counts on from turn to turn, where it does: `Turn.session` is given it back. */
  | { readonly kind: 'usage'; readonly usage: Usage; readonly totals: Usage | null }
  /** The provider refuses for now, and the program tries again by itself. */
  | { readonly kind: 'rate-limit'; readonly failure: ProviderFailure; readonly delayMs: number | null }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'error'; readonly message: string }
  /** What we said to it while it worked. */
  | { readonly kind: 'told'; readonly text: string }
  /** Always the last one, exactly once. */
  | { readonly kind: 'ended'; readonly end: TurnEnd };

/** How a turn ended. Nothing but `finished` is a success, and no text makes it one. */
export type TurnEnd =
  | { readonly kind: 'finished'; readonly packet: Packet }
  | { readonly kind: 'question'; readonly text: string }
  /** It ended in order without a terminal signal: it may be asked to go on. */
  | { readonly kind: 'unfinished'; readonly why: string; readonly outputTail: string }
  | { readonly kind: 'no-packet'; readonly why: string; readonly outputTail: string }
  | { readonly kind: 'provider'; readonly why: string; readonly failure: ProviderFailure }
  /** The program did not take the session up: the same turn may be taken with a new one. */
  | { readonly kind: 'session-refused'; readonly why: string }
  /** `fault`: what the machine had too little of, where that is known. */
  | { readonly kind: 'infrastructure'; readonly why: string; readonly fault?: 'disk-full' | 'exhausted' }
  | { readonly kind: 'cancelled' };

export interface AgentRun {
  /** To be read to its end, once. */
  readonly events: AsyncIterable<AgentEvent>;
  /** Ends the turn and every process of it. The stream then ends with `cancelled`. */
  cancel(): void;
}

/** What an agent can do beyond a plain turn. */
export interface Capabilities {
  /** Goes on with an earlier session. */
  readonly resume: boolean;
  /** How it gets Yardmaster's own tools: by an MCP server in its cell, or over its own protocol. */
  readonly tools: 'mcp' | 'protocol' | null;
  /** Holds its model to a schema for the last message. */
  readonly schema: boolean;
  /** `reported`: it tells money; `tokens`: what it used; null: nothing. */
  readonly cost: 'reported' | 'tokens' | null;
  /** How it is told to stop: over its protocol, or by a signal. */
  readonly interrupt: 'protocol' | 'signal';
  /** Takes a message while it works. */
  readonly steer: boolean;
  /** It only reads and judges: no task can be given to it. */
  readonly reviewOnly: boolean;
}

/** An adapter to a coding agent. */
export interface Agent {
  /** As the configuration calls it. */
  readonly name: string;
  readonly kind: AgentKind;
  readonly capabilities: Capabilities;
  /** What distinguishes the program that will run from another one or another version of it. */
  runner(): Promise<string>;
  start(turn: Turn): AgentRun;
}
