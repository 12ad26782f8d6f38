/** Which agent works, and how: `name[:model[:effort]]`. */
export interface AgentSpec {
  readonly name: string;
  /** Null: the agent's own choice. */
  readonly model: string | null;
  readonly effort: string | null;
}

/** What programs call how hard a model is to think. */
export const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** What follows the name of an agent that speaks ACP: the program, and the model that it is to have. */
export function splitProgram(text: string): { readonly program: string; readonly model: string | null } {
  const [program = '', ...rest] = text.split(':');
  return { program, model: rest.length === 0 ? null : rest.join(':') };
}

/** Models have colons of their own (`local:qwen3:8b`): the last part is an effort only when it is the word for one. */
export function parseAgentSpec(spec: string): AgentSpec {
  const [name = '', ...rest] = spec.split(':');
  const last = rest.at(-1);
  const effort = last !== undefined && EFFORTS.includes(last) ? last : null;
  const model = (effort === null ? rest : rest.slice(0, -1)).join(':');
  return { name, model: model === '' ? null : model, effort };
}

/** The name in an agent spec, or in the first of a chain. */
export function agentName(spec: string): string {
  return /^[^:,\s]*/.exec(spec)?.[0] ?? '';
}

/** The specs of a chain `codex:gpt-5.5, claude`: the first one works, the others stand in where it cannot. */
export function agentChain(text: string): string[] {
  return text
    .split(',')
    .map((spec) => spec.trim())
    .filter((spec) => spec !== '');
}

/** `name`, `name:model`, `name:model:effort`; models may have colons of their own. */
export const AGENT_SPEC = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(:[^:\s,]{1,200}){0,6}$/;

/** A chain as all places write it, each spec once; null: it names nobody. */
export function tidyChain(text: string): string | null {
  const specs = [...new Set(agentChain(text))];
  return specs.length === 0 ? null : joinChain(specs);
}

/** The opposite of {@link agentChain}. */
export function joinChain(specs: readonly string[]): string {
  return specs.join(', ');
}
