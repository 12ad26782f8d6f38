import type { Packet } from './packet.ts';

/** How an agent says that it has ended its work: by a tool call or a checked final message, never by a text. */
export type TerminalSignal =
  | { readonly kind: 'done'; readonly packet: Packet }
  /** Only a person can answer it, and the task waits for that. */
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'cannot'; readonly why: string };
