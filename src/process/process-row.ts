/** One reading of one process. */
export interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** Clock ticks since boot on Linux, seconds since 1970 on macOS: a decimal number, so that starts can be ordered. */
  readonly startTime: string;
  /** False for a zombie: it holds its pid and nothing else. */
  readonly alive: boolean;
  /** It is being taken down by the kernel: it runs no more, and shows its environment no more, but its children may run. */
  readonly exiting?: boolean;
}

/** What the environment of a process says of the marker. `unknown`: not readable, or empty as it is during an exec. */
export type Mark = { readonly kind: 'marked'; readonly marker: string } | { readonly kind: 'unmarked' | 'unknown' };
