import type { ProcessResult } from '../process/process-result.ts';
import { runProcess } from '../process/run.ts';
import type { RunOptions } from '../process/run.ts';
import { openEgress } from './egress.ts';
import type { Cell, Command, Sandbox } from './sandbox.ts';

export type CellRunOptions = Omit<RunOptions, 'cwd' | 'env' | 'reports' | 'session' | 'output'>;

/**
 * Runs a command in a cell and waits for its end; the only way in which agents, gates and prewarms start. What happens
 * to the command is a value, as with `runProcess`; a cell that could not be made is `spawn-failed`.
 */
export async function runInCell(
  sandbox: Sandbox,
  cell: Cell,
  command: Command,
  options: CellRunOptions,
): Promise<ProcessResult> {
  const egress = await openEgress(cell, command, sandbox.owner);
  try {
    const { file, args, env, reports, judge, dispose } = await sandbox.enclose(egress.cell, egress.command);
    try {
      const result = await runProcess(file, args, { ...options, cwd: cell.directory, env, reports });
      return judge(result, result.report);
    } finally {
      await dispose();
    }
  } finally {
    await egress.close();
  }
}
