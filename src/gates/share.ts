import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { allowedEnvironment } from '../process/environment.ts';
import { errnoOf } from '../process/errno.ts';
import { rename } from '../process/file-system.ts';
import { giveDirectories, makeDirectories } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { runProcess } from '../process/run.ts';
import { makeTemporary } from '../process/temporary.ts';
import type { Layer, Sandbox } from '../sandbox/sandbox.ts';
import { isReachable } from './provision.ts';

/*
 * How what was made once comes into many lanes and slots. Invariants:
 * 1. Nothing that is done in a lane or a slot reaches the pristine tree: it gets a layer over it, hard links to files
 *    that are not its user's, or a copy.
 * 2. What an agent has put in its place is neither followed nor replaced; an empty directory is nothing.
 */

export interface Sharing {
  /** Directory that holds the pristine output. */
  readonly from: string;
  /** A lane or a slot. Nothing may run in it. */
  readonly into: string;
  /** Relative path of the output, in both. */
  readonly output: string;
  /** Whether its files are ours, and nobody else may write to them. */
  readonly frozen: boolean;
  /** That of the cell which is to have it. */
  readonly sandbox: Pick<Sandbox, 'owner' | 'sharing'>;
  readonly timeoutMs: number;
}

/** Puts an output in its place. What is returned is seen there only by a cell that has it as a layer; null: it is there. */
export async function shareOutput({ from, into, output, ...how }: Sharing): Promise<Layer | null> {
  const [source, target] = [join(from, output), join(into, output)];
  const { sandbox, frozen, timeoutMs } = how;
  if (!(await isReachable(from, output)) || !(await isReachable(into, output))) return null;
  const stat = lstatSync(source, { throwIfNoEntry: false });
  if (stat === undefined || !isNothing(target)) return null;
  const { owner } = sandbox;
  makeDirectories(into, dirname(output), owner);
  const isTheirs = stat.uid === (owner?.uid ?? process.geteuid?.());
  if (sandbox.sharing === 'layers' && stat.isDirectory() && isTheirs) {
    makeDirectories(into, output, owner);
    return { lower: source, target };
  }
  // What is to be linked is ours: only we may make links to it.
  if (frozen && owner !== null && sandbox.sharing !== 'copies') {
    await copy({ source, target, into, way: '--link', owner: null, timeoutMs });
    if (stat.isDirectory()) giveDirectories(target, owner);
  } else await copy({ source, target, into, way: '--reflink=auto', owner, timeoutMs });
  return null;
}

/** Nothing, or an empty directory: an overlay stood over it once. */
function isNothing(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  try {
    return stat.isDirectory() && readdirSync(path).length === 0;
  } catch (error) {
    // It was closed by an agent: that is something.
    if (errnoOf(error) !== 'EACCES') throw error;
    return false;
  }
}

interface Copying {
  readonly source: string;
  readonly target: string;
  /** The lane or slot. */
  readonly into: string;
  readonly owner: Sandbox['owner'];
  readonly timeoutMs: number;
  /** How the files come there. */
  readonly way: '--link' | '--reflink=auto';
}

async function copy({ source, target, into, way, owner, timeoutMs }: Copying): Promise<void> {
  const flags = process.platform === 'linux' ? ['-a', '--no-preserve=ownership', way, '-T'] : ['-Rp'];
  // Beside the lane or slot, and whole before it comes into it: half a copy would be taken for the agent's own.
  const temporary = await makeTemporary(join(dirname(into), '.copy-'));
  const half = join(temporary, 'half');
  try {
    const result = await runProcess('cp', [...flags, '--', source, half], {
      cwd: temporary,
      env: allowedEnvironment([], {}),
      timeoutMs,
      session: false,
      owner,
    });
    if (result.kind !== 'exited' || result.code !== 0) {
      throw new Error(`${source} could not be copied to ${target}: ${result.stderr.toString('utf8').trim()}`);
    }
    await rename(half, target);
  } finally {
    await removeTree(temporary);
  }
}
