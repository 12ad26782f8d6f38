import { join } from 'node:path';

import { readEgressRule } from '../core/egress-rule.ts';
import { NdjsonLog } from '../process/ndjson-log.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { makeTemporary } from '../process/temporary.ts';
import { startEgressProxy } from './egress-proxy.ts';
import type { Cell, Command } from './sandbox.ts';

/** A cell and a command that reach the network through a proxy, while that runs. */
export interface Egress {
  readonly cell: Cell;
  readonly command: Command;
  close(): Promise<void>;
}

/** The path of a socket can have some hundred bytes: too few for one in the state directory. */
const SOCKETS = '/tmp';

/** Where hosts are named, starts the proxy to them; otherwise there is nothing to do. */
export async function openEgress(cell: Cell, command: Command, owner: Owner | null): Promise<Egress> {
  if (typeof cell.network === 'string') return { cell, command, close: () => Promise.resolve() };
  const directory = await makeTemporary(join(SOCKETS, 'yard-net-'));
  try {
    if (owner !== null) give(directory, owner);
    const log = new NdjsonLog(cell.egressLog, cell.redact);
    const socketPath = join(directory, 's');
    const rules = cell.network.flatMap((entry) => {
      const read = readEgressRule(entry);
      return read.kind === 'ok' ? [read.rule] : [];
    });
    const proxy = await startEgressProxy({
      socketPath,
      rules,
      record: log.record,
      owner,
    });
    const [program, ...rest] = cell.bridge;
    if (program === undefined) throw new Error('nothing leads from the cell to the proxy');
    return {
      cell: { ...cell, readable: [...cell.readable, directory] },
      command: { ...command, argv: [program, ...rest, socketPath, '--', ...command.argv] },
      close: async () => {
        try {
          await proxy.close();
          await log.close();
        } finally {
          await removeTree(directory);
        }
      },
    };
  } catch (error) {
    await removeTree(directory);
    throw error;
  }
}
