import { createHash } from 'node:crypto';
import { release } from 'node:os';

import type { GateConfig } from '../config/schema.ts';
import { allowedEnvironment } from '../process/environment.ts';
import type { CellDescription } from '../sandbox/cells.ts';

/** Everything that a gate's result depends on. Two gates with the same key give the same result. */
export interface VerdictMaterial {
  readonly tree: string;
  /** The gate's name: it is in the environment of its command. */
  readonly name: string;
  readonly gate: GateConfig;
  readonly prewarmKeys: readonly string[];
  readonly provisionHash: string;
  readonly cell: CellDescription;
}

export function verdictKey({ tree, name, gate, prewarmKeys, provisionHash, cell }: VerdictMaterial): string {
  const material = {
    tree,
    gate: name,
    run: gate.run,
    timeoutMs: gate.timeoutMs,
    // PATH among them: another toolchain is another verdict. What differs between terminals alone does not count.
    environment: Object.entries(allowedEnvironment(gate.environment.allow, {}))
      .filter(([variable]) => variable !== 'TERM' && variable !== 'TMPDIR')
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    prewarmKeys,
    provisionHash,
    cell,
    platform: process.platform,
    arch: process.arch,
    release: release(),
  };
  return createHash('sha256').update(JSON.stringify(material)).digest('hex');
}
