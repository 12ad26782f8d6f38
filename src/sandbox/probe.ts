import { join } from 'node:path';
import { tmpdir } from 'node:os';

import type { Support } from '../core/sandbox-choice.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { findProgram } from '../process/find-program.ts';
import { mkdir } from '../process/file-system.ts';
import { removeTree } from '../process/removal.ts';
import { runProcess } from '../process/run.ts';
import { makeTemporary } from '../process/temporary.ts';
import { bubblewrapSandbox } from './bubblewrap.ts';
import { runInCell } from './run-in-cell.ts';
import type { Cell } from './sandbox.ts';

const TIMEOUT_MS = 10_000;
const LIMITS = { memoryBytes: null, processes: 64, fileBytes: 2 ** 30, diskBytes: 2 ** 30, nice: 0 };

/** Whether bubblewrap works here: not by its being there, but by a cell that is made with it. */
export async function probeBubblewrap(path: string): Promise<Support> {
  if (process.platform !== 'linux')
    return { kind: 'missing', why: `bubblewrap is a program of Linux, not of ${process.platform}` };
  const program = findProgram('bwrap', path);
  if (program === null) return { kind: 'missing', why: 'bubblewrap (bwrap) is not installed' };
  const missing = process.getuid?.() === 0 && findProgram('setpriv', path) === null;
  if (missing)
    return { kind: 'missing', why: 'setpriv (util-linux) is not installed, by which root gives up its rights' };
  const scratch = await makeTemporary(join(tmpdir(), 'yard-probe-'));
  try {
    const directory = join(scratch, 'lane');
    await mkdir(directory);
    const cell: Cell = {
      directory,
      writable: [],
      readable: [],
      hidden: [],
      scratch,
      network: 'none',
      bridge: [],
      limits: LIMITS,
      redact: (text) => text,
      egressLog: join(scratch, 'egress.log'),
      layers: [],
    };
    const command = { argv: ['true'], env: allowedEnvironment([], {}) } as const;
    const result = await runInCell(bubblewrapSandbox(program), cell, command, { timeoutMs: TIMEOUT_MS });
    if (result.kind === 'exited' && result.code === 0)
      return { kind: 'works', program, what: await versionOf(program) };
    const why =
      result.kind === 'spawn-failed' ? result.message : `a cell ended with ${result.stderr.toString('utf8').trim()}`;
    return { kind: 'missing', why: `bubblewrap does not work here: ${why}` };
  } finally {
    await removeTree(scratch);
  }
}

async function versionOf(program: string): Promise<string> {
  const result = await runProcess(program, ['--version'], { cwd: '/', env: {}, session: false, timeoutMs: TIMEOUT_MS });
  return result.stdout.toString('utf8').trim() || 'bubblewrap';
}
