import type { ProcessResult } from '../process/process-result.ts';
import { runProcess } from '../process/run.ts';
import type { RunOptions, StartedProcess } from '../process/run.ts';
import { readRow } from '../process/table.ts';
import { makeCellGroup } from './cgroup.ts';
import type { CellGroup } from './cgroup.ts';
import { defaultMemoryBytes } from './default-memory.ts';
import { openEgress } from './egress.ts';
import type { Cell, Command, Enclosed, Sandbox } from './sandbox.ts';
import { beyond, UsageWatch } from './usage-watch.ts';

export type CellRunOptions = Omit<RunOptions, 'cwd' | 'env' | 'reports' | 'session' | 'output'>;

/** How a command in a cell ended. */
export type CellResult = ProcessResult & {
  /** What it used beyond its limit, for which it was ended: "used more than 2.0 GiB of memory, …". Null: nothing. */
  readonly breach: string | null;
};

/**
 * Runs a command in a cell and waits for its end; the only way in which agents, gates and prewarms start. What happens
 * to the command is a value, as with `runProcess`; a cell that could not be made is `spawn-failed`.
 */
export async function runInCell(
  sandbox: Sandbox,
  cell: Cell,
  command: Command,
  options: CellRunOptions,
): Promise<CellResult> {
  const egress = await openEgress(cell, command, sandbox.owner);
  try {
    return await runBounded(sandbox, egress.cell, egress.command, options);
  } finally {
    await egress.close();
  }
}

async function runBounded(
  sandbox: Sandbox,
  cell: Cell,
  command: Command,
  options: CellRunOptions,
): Promise<CellResult> {
  const memoryBytes = cell.limits.memoryBytes ?? defaultMemoryBytes();
  // Who keeps the limits itself does not run its cells below us.
  const group = sandbox.limitsMemory
    ? null
    : await makeCellGroup({ ...cell.limits, memoryBytes, endsItself: sandbox.kind !== 'none' });
  let result: CellResult;
  try {
    const bounded = { processes: group?.bounds.pids === true };
    const enclosed = await sandbox.enclose(cell, command, bounded, options.marker);
    try {
      result = await runWatched({ sandbox, cell, group, memoryBytes, enclosed }, options);
    } finally {
      await enclosed.dispose();
    }
  } finally {
    await group?.end();
  }
  // The end of the cgroup may have reached what signals did not.
  return { ...result, survivors: result.survivors.filter((pid) => pid === 0 || readRow(pid)?.alive === true) };
}

interface Running {
  readonly sandbox: Sandbox;
  readonly cell: Cell;
  readonly group: CellGroup | null;
  readonly memoryBytes: number;
  readonly enclosed: Enclosed;
}

async function runWatched(
  { sandbox, cell, group, memoryBytes, enclosed }: Running,
  options: CellRunOptions,
): Promise<CellResult> {
  const ranOutOfMemory = (): boolean => group?.ranOutOfMemory() === true;
  const watch = new UsageWatch(
    {
      memoryBytes,
      measuresMemory: !sandbox.limitsMemory && group?.bounds.memory !== true,
      diskBytes: cell.limits.diskBytes,
      directories: [cell.directory, cell.scratch, ...(cell.counted ?? [])],
      keys: cell.limits.keys,
      ranOutOfMemory,
    },
    options.marker ?? null,
  );
  const onStarted = (started: StartedProcess): void => {
    watch.started(started.identity);
    options.onStarted?.(started);
  };
  const { env, reports, judge } = enclosed;
  const [file = enclosed.file, ...args] = [...(group?.entering ?? []), enclosed.file, ...enclosed.args];
  try {
    const result = await runProcess(file, args, { ...options, onStarted, cwd: cell.directory, env, reports });
    const watched = await watch.stop();
    const elsewhere = await enclosed.end?.(result);
    const breach =
      ranOutOfMemory() || elsewhere?.ranOutOfMemory === true
        ? beyond('memory', memoryBytes, cell.limits.keys)
        : watched;
    const survivors = [...result.survivors, ...(elsewhere?.survivors ?? [])];
    const judged = judge({ ...result, survivors }, result.report);
    return { ...judged, breach: judged.kind === 'cancelled' ? null : breach };
  } finally {
    await watch.stop();
  }
}
