import { effortProblem } from './agent-effort.ts';
import type { AgentKind } from './agent-kind.ts';
import { AGENT_SPEC, agentChain, agentName } from './agent-spec.ts';
import { isReviewOnly } from './review-only.ts';

/** What is asked of a task before it may start: a `TaskSpec`, or a row of the store, which has no texts. */
export interface PreflightTask {
  readonly gate: string | null;
  readonly agent: string | null;
  readonly acceptance?: readonly string[];
  /** Stands for `acceptance` where the texts were not read. */
  readonly hasAcceptance?: boolean;
  /** Absent where it was not read. */
  readonly objective?: string;
}

/** The part of the configuration that preflight asks; `Config` is one. */
export interface PreflightPolicy {
  readonly preflight: { readonly requireAcceptance: boolean };
  readonly gates: Readonly<Record<string, unknown>>;
  readonly agents: Readonly<Record<string, { readonly kind: AgentKind; readonly model?: string | null }>>;
}

/** Why the task cannot start as it is written, one sentence each; none means that it may. */
export function preflightProblems(task: PreflightTask, policy: PreflightPolicy): string[] {
  const problems: string[] = [];
  if (task.objective?.trim() === '') problems.push('it has no objective; write what is to be done under ## Objective');
  const hasAcceptance = task.hasAcceptance ?? (task.acceptance ?? []).length > 0;
  if (policy.preflight.requireAcceptance && !hasAcceptance) {
    problems.push('it has no acceptance criteria; list them under ## Acceptance criteria');
  }
  if (task.gate !== null && !Object.hasOwn(policy.gates, task.gate)) {
    problems.push(`its gate ${JSON.stringify(task.gate)} is not in the configuration; known: ${known(policy.gates)}`);
  }
  for (const spec of agentChain(task.agent ?? '')) {
    if (!AGENT_SPEC.test(spec)) {
      problems.push(`its agent ${JSON.stringify(spec)} is no agent; write name, name:model or name:model:effort`);
      continue;
    }
    const agent = Object.hasOwn(policy.agents, agentName(spec)) ? policy.agents[agentName(spec)] : undefined;
    if (agent === undefined) {
      const name = JSON.stringify(agentName(spec));
      problems.push(`its agent ${name} is not in the configuration; known: ${known(policy.agents)}`);
      continue;
    }
    if (isReviewOnly(spec, agent)) {
      problems.push(`its agent ${JSON.stringify(spec)} only reviews; name one that works`);
    }
    const effort = effortProblem(spec, agent, agentName(spec));
    if (effort !== null) problems.push(`its agent ${JSON.stringify(spec)} ${effort}`);
  }
  return problems;
}

function known(entries: Readonly<Record<string, unknown>>): string {
  return Object.keys(entries).join(', ') || 'none';
}
