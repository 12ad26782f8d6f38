import { createHash } from 'node:crypto';
import { release } from 'node:os';

import type { SandboxKind } from '../core/sandbox-choice.ts';
import type { GateConfig } from '../config/schema.ts';
import { allowedEnvironment } from '../process/environment.ts';

/** Everything that a gate's result depends on. Two gates with the same key give the same result. */
export interface VerdictMaterial {
  readonly tree: string;
  /** The gate's name: it is in the environment of its command. */
  readonly name: string;
  readonly gate: GateConfig;
  readonly prewarmKeys: readonly string[];
  readonly provisionHash: string;
  readonly sandbox: SandboxKind;
}

export function verdictKey({ tree, name, gate, prewarmKeys, provisionHash, sandbox }: VerdictMaterial): string {
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
    sandbox,
    // Without a sandbox there is no network to keep from it.
    network: sandbox === 'none' ? 'open' : gate.cell.network,
    image: sandbox === 'container' ? gate.cell.image : null,
    platform: process.platform,
    arch: process.arch,
    release: release(),
  };
  return createHash('sha256').update(JSON.stringify(material)).digest('hex');
}
