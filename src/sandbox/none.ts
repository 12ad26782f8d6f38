import { join } from 'node:path';

import { mkdir } from '../process/file-system.ts';
import type { Cell, Command, Enclosed, Sandbox } from './sandbox.ts';
import { resourceLimits } from './resource-limits.ts';

/** Nothing is kept from the command: it has the operator's rights. It gets a temporary directory, and its limits. */
export const NO_SANDBOX: Sandbox = {
  kind: 'none',
  owner: null,
  limitsMemory: false,
  sharing: 'copies',
  async enclose({ scratch, limits }: Cell, { argv, env }: Command): Promise<Enclosed> {
    const temporary = join(scratch, 'tmp');
    await mkdir(temporary, { recursive: true });
    // Processes are counted for the whole of the operator's user: that bound would strike the operator, too.
    const [file, ...args] = [...resourceLimits({ ...limits, processes: null }), ...argv];
    return {
      file: file ?? argv[0],
      args,
      env: { ...env, TMPDIR: temporary },
      reports: false,
      judge: (result) => result,
      dispose: () => Promise.resolve(),
    };
  },
};
