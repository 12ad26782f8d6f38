import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Support } from '../core/sandbox-choice.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { mkdir, writeFile } from '../process/file-system.ts';
import { giveTree } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { makeTemporary } from '../process/temporary.ts';
import { bubblewrapSandbox } from './bubblewrap.ts';
import { findLayering } from './layers.ts';
import { runInCell } from './run-in-cell.ts';
import type { Cell } from './sandbox.ts';

const TIMEOUT_MS = 10_000;
const LIMITS = { memoryBytes: null, processes: 64, fileBytes: 2 ** 30, diskBytes: 2 ** 30, nice: 0 };
const GIVEN = 'given';

/**
 * Whether a cell of bubblewrap can have layers, found out by one that has: it must read what is beneath and change what
 * it sees, and what is beneath must stay as it was.
 * @param directory the state directory: an overlay needs a file system that can hold one.
 */
export async function probeOverlay(bubblewrap: Support, directory: string): Promise<Support> {
  if (bubblewrap.kind === 'missing') return { kind: 'missing', why: bubblewrap.why };
  const layering = findLayering();
  if (layering === null) return { kind: 'missing', why: 'unshare or mount (util-linux) is not installed' };
  const sandbox = bubblewrapSandbox(bubblewrap.program, layering);
  const scratch = await makeTemporary(join(directory, '.probe-'));
  try {
    const [lane, lower] = [join(scratch, 'lane'), join(scratch, 'lower')];
    await mkdir(join(lane, 'target'), { recursive: true });
    await mkdir(lower);
    await writeFile(join(lower, 'file'), GIVEN);
    for (const path of [lane, lower]) if (sandbox.owner !== null) giveTree(path, sandbox.owner);
    const cell: Cell = {
      directory: lane,
      writable: [],
      readable: [],
      hidden: [scratch],
      scratch: join(scratch, 'own'),
      network: 'none',
      bridge: [],
      limits: LIMITS,
      egressLog: join(scratch, 'egress.log'),
      redact: (text) => text,
      layers: [{ lower, target: join(lane, 'target') }],
    };
    const script = `test "$(cat target/file)" = ${GIVEN} && echo changed > target/file && echo new > target/new`;
    const command = { argv: ['/bin/sh', '-c', script], env: allowedEnvironment([], {}) } as const;
    const result = await runInCell(sandbox, cell, command, { timeoutMs: TIMEOUT_MS });
    const why = result.kind === 'spawn-failed' ? result.message : result.stderr.toString('utf8').trim();
    if (result.kind !== 'exited' || result.code !== 0)
      return { kind: 'missing', why: `overlays cannot be used here: ${why}` };
    if (readFileSync(join(lower, 'file'), 'utf8') !== GIVEN)
      return { kind: 'missing', why: 'an overlay here changes what is beneath it' };
    return { kind: 'works', program: layering.unshare, what: 'overlayfs' };
  } finally {
    await removeTree(scratch);
  }
}
