/** Who a process is, for good: a pid alone is reused. */
export interface ProcessIdentity {
  /** Of the boot of the machine; another boot id means that the process is gone. */
  readonly bootId: string;
  readonly pid: number;
  /** As the kernel tells it (clock ticks since boot on Linux); compared, never read. */
  readonly startTime: string;
}
