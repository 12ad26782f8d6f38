import type { AgentConfig } from '../config/schema.ts';
import { agentName } from '../core/agent-spec.ts';
import type { CellPolicy } from '../core/cell-policy.ts';
import type { AttemptContext } from './attempt-context.ts';

type Chosen = Pick<AttemptContext, 'pin' | 'agentSpec'>;

/** What the configuration says of the attempt's agent; undefined: it has been taken out since. */
export function agentSettings({ pin, agentSpec }: Chosen): AgentConfig | undefined {
  return pin.config.agents[agentName(agentSpec)];
}

/** What the attempt's agent may reach. */
export function agentCell(context: Chosen): CellPolicy {
  return agentSettings(context)?.cell ?? context.pin.config.sandbox.agents;
}
