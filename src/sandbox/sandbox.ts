import type { CellLimits, Network } from '../core/cell-policy.ts';
import type { SandboxKind } from '../core/sandbox-choice.ts';
import type { Owner } from '../process/owner.ts';
import type { ProcessResult } from '../process/process-result.ts';

/*
 * A cell is what one process tree may reach. A sandbox turns a command and a cell into the command that runs it there;
 * `run-in-cell.ts` starts that, and is the only way in which agents, gates and prewarms are started.
 */

/** What a process tree gets, and what is kept from it. All paths are absolute. */
export interface Cell {
  /** The lane, slot or prewarm tree: where the command runs, and what it may change. */
  readonly directory: string;
  /** Changeable too: an outbox, what the operator named under `write`. Left out where they do not exist. */
  readonly writable: readonly string[];
  /** Of these, what is this cell's alone: what is added there counts for the limit of the disk. */
  readonly counted?: readonly string[];
  /** Readable even where they lie in a place that is hidden: the depot's objects, this package, what the operator named. */
  readonly readable: readonly string[];
  /** Kept from it, whatever is readable around them: the state directory, the repository, its other working trees. */
  readonly hidden: readonly string[];
  /** An empty directory of this cell alone, on the disk that is to be used, which the caller removes afterwards. */
  readonly scratch: string;
  readonly network: Network;
  /** Program and arguments that lead a command in a cell to the proxy of the hosts that are named. */
  readonly bridge: readonly string[];
  readonly limits: CellLimits;
  /** Where requests to the network are logged, when hosts are named. */
  readonly egressLog: string;
  /** Takes secrets out of what is logged there. */
  readonly redact: (text: string) => string;
  /** Directories that appear with a writable layer of their own over a pristine one. Only where `sharing` says so. */
  readonly layers: readonly Layer[];
}

/**
 * `target` shows what `lower` holds; what is changed there goes into the cell's scratch, and away with it. Both are
 * directories; `target` lies below the cell's directory, and no part of its path there is a link.
 */
export interface Layer {
  readonly lower: string;
  readonly target: string;
}

/** A command that is ready to start in its cell. */
export interface Enclosed {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it reports on descriptor 3, so that a cell that cannot be made is told from a command that fails. */
  readonly reports: boolean;
  /** What the end of the started program says of the command in the cell. @param report what came on descriptor 3. */
  readonly judge: (result: ProcessResult, report: string) => ProcessResult;
  /** Ends, or sees the end of, what of the cell the process tree does not show: a container, a namespace. */
  readonly end?: (result: ProcessResult) => Promise<EndElsewhere>;
  /** Takes down what was put up for it, and ends what `end` was not called for. */
  readonly dispose: () => Promise<void>;
}

export interface EndElsewhere {
  /** Pids of what could not be ended, or 0 where none is known. */
  readonly survivors: readonly number[];
  /** It was ended because it had used all the memory that it may. */
  readonly ranOutOfMemory: boolean;
}

/**
 * How its cells may get a directory that others get too, so that none can change what another sees.
 * - `layers`: by `Cell.layers`.
 * - `links`: by hard links to files of ours. Its processes are another user without any right over those.
 * - `copies`: by nothing less.
 */
export type Sharing = 'layers' | 'links' | 'copies';

export interface Sandbox {
  readonly kind: SandboxKind;
  /** Whom the files of its cells must belong to, for its processes run as that user; null: as the yard. */
  readonly owner: Owner | null;
  /** Whether it keeps the limits on memory itself; otherwise they are measured. */
  readonly limitsMemory: boolean;
  readonly sharing: Sharing;
  /** @param marker what the processes of the cell are found by, where they have one. */
  enclose(cell: Cell, command: Command, bounded?: Bounded, marker?: string): Promise<Enclosed>;
}

/** What a cgroup around the whole cell sees to already. */
export interface Bounded {
  readonly processes: boolean;
}

export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** The whole environment, `HOME` and `TMPDIR` of the operator's among it; the sandbox replaces these two. */
  readonly env: Readonly<Record<string, string>>;
}
