import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { Owner } from '../../process/owner.ts';
import { removeTree } from '../../process/removal.ts';
import { thenClose } from '../../process/then-close.ts';
import type { OwnProgram } from '../../sandbox/cells.ts';
import { BoundTools } from './issue-tools.ts';
import type { IssueTools, IssueToolsOptions } from './issue-tools.ts';
import { TOOLS_KEY } from './tool-bridge.ts';
import { makeToolPlace } from './tool-place.ts';
import { serveTools } from './tool-server.ts';

export interface OpenIssueToolsOptions extends IssueToolsOptions {
  /** The user of the cell, where that is another one. */
  readonly owner: Owner | null;
  /** Of the yard, which removes what this process leaves if it is killed. */
  readonly stateDirectory: string;
  /** This package, in the cell. */
  readonly program: OwnProgram;
}

/** The tools, with a server of them for programs in the cell. */
export interface OpenTools extends IssueTools {
  /** What speaks MCP on its standard streams. */
  readonly server: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** What the cell must be shown for it. */
    readonly readable: readonly string[];
  };
  /** Ends the server, and removes what it needed. The tools themselves still answer. */
  close(): Promise<void>;
}

const KEY_BYTES = 32;

/** Opens the tools of one attempt. To be closed when its last turn has ended. */
export async function openIssueTools(options: OpenIssueToolsOptions): Promise<OpenTools> {
  const { owner, program } = options;
  const [command, ...args] = program.argv;
  if (command === undefined) throw new Error('nothing leads from the cell to the tools');
  const directory = await makeToolPlace(options.stateDirectory, owner !== null);
  try {
    const socketPath = join(directory, 's');
    const key = randomBytes(KEY_BYTES).toString('hex');
    const tools = new BoundTools(options);
    const server = await serveTools({ tools, socketPath, owner, key, note: (entry) => tools.note(entry) });
    return Object.assign(tools, {
      server: {
        command,
        args: [...args, '_tools', socketPath],
        env: { [TOOLS_KEY]: key },
        readable: [directory, ...program.readable],
      },
      close: () =>
        thenClose(
          async () => {
            await server.close();
            tools.finishLog();
          },
          () => removeTree(directory),
        ),
    });
  } catch (error) {
    await removeTree(directory);
    throw error;
  }
}
