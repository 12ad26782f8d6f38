/** What became of one request of a cell. */
export interface EgressRecord {
  /** Wall-clock time of the request. */
  readonly at: number;
  /** As it was asked for, cut where it is too long to be a name; null where nothing that could be one was sent. */
  readonly host: string | null;
  readonly port: number | null;
  /** Whether the list lets it through; it may have failed all the same. */
  readonly allowed: boolean;
  readonly why: EgressEnd;
  /** What the proxy connected to. */
  readonly address: string | null;
  /** From the host to the cell, without what the proxy itself said. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
}

/** Before anything was connected, or how the tunnel ended. */
export type EgressEnd =
  | 'malformed'
  | 'method'
  | 'header-too-large'
  | 'header-too-slow'
  | 'too-many'
  | 'not-a-name'
  | 'not-listed'
  | 'port'
  | 'address'
  | 'unresolved'
  | 'unreachable'
  | 'ended'
  | 'broken'
  | 'idle'
  | 'closed';

export type EgressSink = (record: EgressRecord) => void;
