/** Adapters that there are. `command` and `replay` are no real agents: what they run is the operator's own. */
export const AGENT_KINDS = [
  'command',
  'replay',
  'claude',
  'codex',
  'gemini',
  'opencode',
  'qwen',
  'pi',
  'coderabbit',
  'local',
  'acp',
] as const;

export type AgentKind = (typeof AGENT_KINDS)[number];

/** Kinds that drive a program that others make. */
export type ProgramKind = Exclude<AgentKind, 'command' | 'replay'>;

export function isProgramKind(kind: AgentKind): kind is ProgramKind {
  return kind !== 'command' && kind !== 'replay';
}

export const PROGRAM_KINDS = AGENT_KINDS.filter(isProgramKind);
