import { agentSpec } from '../../config/agent-schema.ts';
import type { Config } from '../../config/schema.ts';
import { effortProblem } from '../../core/agent-effort.ts';
import { agentName } from '../../core/agent-spec.ts';
import { isReviewOnly } from '../../core/review-only.ts';
import { inertLine } from '../../core/inert.ts';
import { UserError } from '../../core/user-error.ts';
import { noSuchAgent } from './known-agents.ts';

/** The spec of one agent as a person has written it. @throws UserError `bad-agent`, `no-such-agent`. */
export function checkAgentSpec(spec: string, config: Config): string {
  if (!agentSpec.safeParse(spec).success) {
    throw new UserError({
      code: 'bad-agent',
      message: `${JSON.stringify(inertLine(spec, 100))} is not an agent`,
      hint: 'Write a name, name:model or name:model:effort, such as claude or codex:gpt-5.5:high.',
    });
  }
  const name = agentName(spec);
  const agent = Object.hasOwn(config.agents, name) ? config.agents[name] : undefined;
  if (agent === undefined) throw noSuchAgent(name, config);
  const problem = effortProblem(spec, agent, name);
  if (problem !== null) {
    throw new UserError({
      code: 'bad-agent',
      message: `${inertLine(spec, 100)} ${problem}`,
      hint: 'Write name, name:model or name:model:effort; see: yard agents',
    });
  }
  return spec;
}

/** The same, of an agent that is to work. @throws UserError `bad-agent`, `no-such-agent`. */
export function checkWorkerSpec(spec: string, config: Config): string {
  checkAgentSpec(spec, config);
  const agent = config.agents[agentName(spec)];
  if (agent === undefined || !isReviewOnly(spec, agent)) return spec;
  throw new UserError({
    code: 'bad-agent',
    message: `${inertLine(spec, 100)} only reviews: no task can be given to it`,
    hint: 'Name an agent that works, such as claude or codex; see: yard agents',
  });
}
