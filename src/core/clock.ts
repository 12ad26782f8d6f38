/** The two clocks of a yard. Pure code receives their readings, never the clock. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. For display, events and provider reset times. */
  nowMs(): number;
  /** Milliseconds since boot, comparable between processes of one boot. For leases and durations. */
  monotonicMs(): number;
}
