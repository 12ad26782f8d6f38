import type { AgentKind } from './agent-kind.ts';
import { parseAgentSpec } from './agent-spec.ts';

/** What is asked of an agent of the configuration. */
interface Configured {
  readonly kind: AgentKind;
  readonly model?: string | null;
}

/** Whether an agent only reads and judges, so that no task can be given to it: `codex:review`, and `coderabbit`. */
export function isReviewOnly(spec: string, { kind, model = null }: Configured): boolean {
  if (kind === 'coderabbit') return true;
  return kind === 'codex' && (parseAgentSpec(spec).model ?? model) === 'review';
}
