import { nearest } from '../../core/nearest.ts';
import type { Config } from '../../config/schema.ts';
import { agentChain, agentName } from '../../core/agent-spec.ts';
import type { TaskSpec } from '../../core/task.ts';

/** What is probably meant by the first agent or gate of a task that the configuration lacks; null: nothing is near. */
export function nearestEntry({ agent, gate }: Pick<TaskSpec, 'agent' | 'gate'>, config: Config): string | null {
  const meant = [
    ...agentChain(agent ?? '').map((spec) => nearIn(config.agents, agentName(spec))),
    gate === null ? null : nearIn(config.gates, gate),
  ];
  return meant.find((each) => each !== null) ?? null;
}

function nearIn(entries: Readonly<Record<string, unknown>>, name: string): string | null {
  return Object.hasOwn(entries, name) ? null : nearest(name, Object.keys(entries));
}
