import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';

/** What holds where there is no configuration: the built-in agents, and every default. Nothing runs by it. */
export function bareConfig(): Config {
  const gates = { default: { run: 'false' } };
  return configSchema.parse({ target: 'main', defaults: { agent: 'claude', gate: 'default' }, gates });
}
