/** JSON, as it is written to the store and to `--json`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What is appended for every change, in the transaction of the change. Numbers grow and have no meaning but order. */
export interface YardEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly taskId: string | null;
  readonly attempt: number | null;
  /** `task.<event kind>`, `attempt.phase`, `attempt.finished`, `landing.opened`, `yard.stopped`, … */
  readonly type: string;
  readonly data: Json;
}
