import type { CellPolicy } from '../core/cell-policy.ts';
import { agentName } from '../core/preflight.ts';
import type { TaskSpec } from '../core/task.ts';
import type { AttemptContext } from './attempt-context.ts';

/** The agent of a task, `name[:model[:effort]]`. */
export function agentOf({ pin }: Pick<AttemptContext, 'pin'>, spec: TaskSpec): string {
  return spec.agent ?? pin.config.defaults.agent;
}

/** What the agent of a task may reach. */
export function agentCell(context: Pick<AttemptContext, 'pin'>, spec: TaskSpec): CellPolicy {
  const { config } = context.pin;
  return config.agents[agentName(agentOf(context, spec))]?.cell ?? config.sandbox.agents;
}
