import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { AgentEvent } from '../agent.ts';

/*
 * What an adapter says of a program: how it is started for a turn (an invocation), and how it is talked with (a protocol,
 * one object for one turn). `run-program.ts` does the rest, for all of them alike.
 */

/** A file that the program is to find in its home. */
export interface HomeFile {
  /** Relative to `Turn.home`. */
  readonly path: string;
  readonly content: string | Buffer;
  /** Part of an account's login: written once for each state of it, since programs renew it there. */
  readonly isLogin?: boolean;
}

export interface Invocation {
  readonly argv: readonly [string, ...string[]];
  /** Added to the environment of the turn. */
  readonly env: Readonly<Record<string, string>>;
  /** What comes on stdin as it starts; stdin is closed after it unless it is `held`. */
  readonly input: string;
  readonly held: boolean;
  readonly home: readonly HomeFile[];
  readonly protocol: Protocol;
}

/** What a protocol may do to its program. Each does nothing once the program has ended. */
export interface ProgramIo {
  /** One line to its stdin, where that is held. */
  write(line: string): void;
  /** Nothing more comes: it is to end by itself, and is ended a moment later where it does not. */
  finish(): void;
}

/** What became of the program, when that was its own doing or that of `ProgramIo.finish`. */
export interface ProgramExit {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it printed on stderr, without secrets. */
  readonly stderr: string;
}

/** Of a reason that a program gives. What is shown of it is cut when it holds no secrets any more, of which half might stay. */
export const REASON_MAX = 20_000;

/** What an exit means, by what the program has said before. */
export type Judgement =
  /** The turn ended in order. `message`: the last one of the agent, null where there was none. */
  | { readonly kind: 'ended'; readonly message: string | null }
  | { readonly kind: 'provider'; readonly why: string; readonly failure: ProviderFailure }
  | { readonly kind: 'session-refused'; readonly why: string }
  /** The agent's own failure: a bound that it reached, a crash. */
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'infrastructure'; readonly why: string };

export type Emit = (event: Exclude<AgentEvent, { readonly kind: 'started' | 'ended' }>) => void;

/** The conversation with one program over one turn. What the program says is hostile input: no line of it may throw. */
export interface Protocol {
  /** The program runs. `emit` takes what it does, secrets and all. */
  begin(io: ProgramIo, emit: Emit): void;
  /** One line of its stdout, as it came. */
  stdout(line: string): void;
  /** Asks the program to end the turn in order; false: not at this moment. Without it there is no way but a signal. */
  interrupt?(): boolean;
  /** Says something to the agent while it works, which it takes at its next step; false: not at this moment. */
  steer?(text: string): boolean;
  judge(exit: ProgramExit): Judgement;
}
