import { z } from 'zod';

import { isProgramKind, PROGRAM_KINDS } from '../core/agent-kind.ts';
import type { ProgramKind } from '../core/agent-kind.ts';
import { AGENT_SPEC, joinChain, tidyChain } from '../core/agent-spec.ts';
import { ACCOUNT_VARIABLES } from './account-variables.ts';
import { positiveDuration } from './duration-schema.ts';
import { relativePathProblem } from './relative-path.ts';
import { cellSchema } from './sandbox-schema.ts';
import { allow, name, secrets, shellCommand, text, words } from './schema-parts.ts';

export const agentSpec = z.string().regex(AGENT_SPEC, 'is not an agent; write name, name:model or name:model:effort');

const SPEC = AGENT_SPEC.source.slice(1, -1);

const agentChain = z
  .string()
  .regex(new RegExp(`^${SPEC}(\\s*,\\s*${SPEC})*$`), 'is not an agent; write name, name:model or name:model:effort')
  .transform((chain) => tidyChain(chain) ?? chain);

/** One agent, or several that stand in for each other in this order. One text in the program. */
export const agentChoice = z.union([agentChain, z.array(agentSpec).min(1).transform(joinChain)]);

const common = {
  sandbox: cellSchema.optional().meta({ description: 'What differs from sandbox.agents' }),
  environment: z.strictObject({ allow }).prefault({}),
  secrets,
  pool: name.optional().meta({ description: 'Whose limits and account it shares; see pools' }),
};

const timeout = positiveDuration
  .optional()
  .meta({ description: 'Ended after this long; limits.agentTimeout unless said' });

const commandAgent = z.strictObject({
  kind: z.literal('command'),
  run: z
    .union([shellCommand, words])
    .meta({ description: 'A shell command, or a program with its arguments; the prompt comes on stdin' }),
  timeout,
  idle: positiveDuration
    .optional()
    .meta({ description: 'Ended when it prints nothing for this long; never unless said' }),
  ...common,
});

const path = text(relativePathProblem).transform((value) => value.replace(/\/$/, ''));

const replayAgent = z.strictObject({
  kind: z.literal('replay'),
  recipes: z
    .union([path, z.record(z.string(), z.unknown())])
    .meta({ description: 'Recipes by task id, or the file that holds them' }),
  ...common,
});

const line = text((value) => (/^[^\s\p{Cc}]+$/u.test(value) ? null : 'is empty, or has a space'));

const program = {
  run: words
    .optional()
    .meta({ description: 'The program with arguments that come before all others; found on PATH unless said' }),
  model: line.optional().meta({ description: 'For specs that name none' }),
  effort: line.optional().meta({ description: 'For specs that name none' }),
  timeout,
  idle: positiveDuration
    .optional()
    .meta({ description: 'Ended when it reports nothing for this long; limits.agentIdle unless said' }),
  ...common,
};

const OTHER_PROGRAMS = PROGRAM_KINDS.filter((kind) => kind !== 'codex' && kind !== 'acp') as [
  Exclude<ProgramKind, 'codex' | 'acp'>,
  ...Exclude<ProgramKind, 'codex' | 'acp'>[],
];

const programAgent = z.strictObject({ kind: z.enum(OTHER_PROGRAMS), ...program });

const codexAgent = z.strictObject({
  kind: z.literal('codex'),
  protocol: z
    .enum(['app-server', 'exec'])
    .default('app-server')
    .meta({ description: 'exec: for a version whose app-server is not understood; without interrupt' }),
  ...program,
});

const acpAgent = z.strictObject({ kind: z.literal('acp'), ...program });

export const agentSchema = z.discriminatedUnion('kind', [
  commandAgent,
  replayAgent,
  programAgent,
  codexAgent,
  acpAgent,
]);

type AgentEntry = z.output<typeof agentSchema>;

/** Agents that need no entry: each kind of program under its own name. */
export function builtInAgents(given: Readonly<Record<string, unknown>>): Record<string, AgentEntry> {
  const missing = PROGRAM_KINDS.filter((kind) => !Object.hasOwn(given, kind));
  return Object.fromEntries(missing.map((kind) => [kind, agentSchema.parse({ kind })]));
}

interface Limits {
  readonly timeoutMs: number;
  readonly idleMs: number;
}

/** @param declared whether it stands in the configuration; otherwise it is there because every program is. */
export function resolveAgent(entry: AgentEntry, limits: Limits, declared: boolean) {
  const { pool = null } = entry;
  if (entry.kind === 'replay') return { kind: entry.kind, recipes: entry.recipes, pool, declared };
  const { timeout: timeoutMs = limits.timeoutMs } = entry;
  if (entry.kind === 'command') {
    return { kind: entry.kind, run: entry.run, timeoutMs, idleMs: entry.idle ?? null, pool, declared };
  }
  const { kind, run = null, model = null, effort = null, idle: idleMs = limits.idleMs } = entry;
  const protocol = entry.kind === 'codex' ? entry.protocol : null;
  return { kind, run, model, effort, protocol, timeoutMs, idleMs, pool: pool ?? kind, declared };
}

/** What an entry lets through besides what it says itself: the account that its program is known by. */
export function accountVariables({ kind }: AgentEntry): readonly string[] {
  return isProgramKind(kind) ? ACCOUNT_VARIABLES[kind] : [];
}
