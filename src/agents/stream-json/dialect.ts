import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Usage } from '../../core/usage.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Emit } from '../program/protocol.ts';

/** What a turn has used, and what its session has come to with it. */
export interface TurnUsage {
  readonly usage: Usage;
  readonly totals: Usage;
}

/** How the programs differ that speak `stream-json`; one object for one turn. */
export interface Dialect {
  /** Of the program, for people. */
  readonly name: string;
  /** Whether it gives the agent what comes while it works, and not when it is done. */
  readonly steers: boolean;
  /** What only this program says; true: that was all of it. */
  hear(message: JsonObject, emit: Emit): boolean;
  /** Null: it does not tell. @param before what the session had come to with the turns before. */
  usage(result: JsonObject, before: Usage): TurnUsage | null;
  /** Why the provider refused a turn whose result is an error; null: it was not the provider. */
  failure(result: JsonObject): ProviderFailure | null;
  /** The last message. */
  message(result: JsonObject): string | null;
}
