import type { NamedPolicy } from '../core/sandbox-report.ts';
import type { Config } from './schema.ts';

/** Every policy by which something is started. */
export function cellPolicies(config: Config): NamedPolicy[] {
  return [
    ...Object.entries(config.agents).map(([name, { cell }]) => ({ name: `agents.${name}`, policy: cell })),
    ...Object.entries(config.gates).map(([name, { cell }]) => ({ name: `gates.${name}`, policy: cell })),
    ...(config.prewarm.length === 0 ? [] : [{ name: 'prewarm', policy: config.sandbox.prewarm }]),
  ];
}
