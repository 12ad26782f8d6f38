import type { AgentKind } from './agent-kind.ts';
import { impossible } from './impossible.ts';
import { inertLine } from './inert.ts';
import { nearest } from './nearest.ts';
import { EFFORTS, parseAgentSpec } from './agent-spec.ts';

/** What is asked of an agent of the configuration. */
export interface EffortfulAgent {
  readonly kind: AgentKind;
  /** For specs that name none. */
  readonly effort?: string | null;
}

/**
 * Efforts that a kind of agent takes, as its program was seen to; `any`: its provider has words of its own; null: it
 * cannot be told. What a program does not know it leaves out in silence (claude), or fails its turn by (pi).
 */
function effortsOf(kind: AgentKind): readonly string[] | 'any' | null {
  switch (kind) {
    case 'claude':
      return ['low', 'medium', 'high', 'xhigh', 'max'];
    case 'pi':
      return ['off', ...EFFORTS];
    case 'gemini':
    case 'qwen':
    case 'coderabbit':
      return null;
    case 'codex':
    case 'local':
    case 'opencode':
    case 'acp':
    case 'command':
    case 'replay':
      return 'any';
    default:
      throw impossible(kind satisfies never);
  }
}

/** What is surely a mistake in the effort of a spec, as the end of a sentence about it; null: nothing is. */
export function effortProblem(spec: string, agent: EffortfulAgent, name: string): string | null {
  const { model, effort } = parseAgentSpec(spec);
  if (effort !== null) return refusedEffort(effort, agent.kind);
  const word = strayWord(model, agent.kind);
  if (word === null) return null;
  const takes = effortsOf(agent.kind);
  if (takes === null) return `cannot be told how hard to think (${shown(word)})`;
  const rest = `a model with a colon in its name stands under agents.${name}.model`;
  return `${unknownEffort(word, takes === 'any' ? EFFORTS : takes)}; ${rest}`;
}

/** Likewise of the effort that the configuration gives an agent. Words of a provider's own are let through. */
export function configuredEffortProblem({ kind, effort = null }: EffortfulAgent): string | null {
  if (effort === null) return null;
  const refused = refusedEffort(effort, kind);
  if (refused !== null || EFFORTS.includes(effort)) return refused;
  return nearest(effort, EFFORTS) === null ? null : unknownEffort(effort, EFFORTS);
}

function refusedEffort(effort: string, kind: AgentKind): string | null {
  const takes = effortsOf(kind);
  if (takes === 'any' || takes?.includes(effort) === true) return null;
  return takes === null ? `cannot be told how hard to think (${shown(effort)})` : unknownEffort(effort, takes);
}

function unknownEffort(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return `has no effort ${shown(word)}; ${near === null ? '' : `did you mean ${near}? `}known: ${known.join(', ')}`;
}

function shown(word: string): string {
  return JSON.stringify(inertLine(word, 60));
}

/**
 * What follows a model that has no colon in its name, and is no effort. A model of Amazon's has a version there (`v1:0`);
 * those of Ollama, and of whoever speaks for many providers, have any word (`qwen3:8b`, `deepseek-r1:free`).
 */
function strayWord(model: string | null, kind: AgentKind): string | null {
  const [first = '', ...parts] = (model ?? '').split(':');
  if (kind === 'acp') return CLOSED.includes(first) && parts.length > 1 ? wordIn(parts.at(-1)) : null;
  return CLOSED.includes(kind) && parts.length > 0 ? wordIn(parts.at(-1)) : null;
}

const CLOSED: readonly string[] = ['claude', 'codex', 'gemini'] satisfies AgentKind[];

function wordIn(part = ''): string | null {
  return /^[A-Za-z_-]+$/.test(part) ? part : null;
}
