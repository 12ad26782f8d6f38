import type { SpawnFailure } from './launch.ts';

/** How a program ended. A signal is never an exit code, and a program that was stopped has none. */
export type ProcessEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'cancelled' }
  | SpawnFailure;

export interface ProcessOutput {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  /** What it wrote to descriptor 3; empty unless that was asked for. */
  readonly report: string;
  readonly durationMs: number;
  /** Pids of the tree that could not be killed. */
  readonly survivors: readonly number[];
}

export type ProcessResult = ProcessEnd & ProcessOutput;
