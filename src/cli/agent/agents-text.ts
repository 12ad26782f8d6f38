import type { Capabilities } from '../../agents/agent.ts';
import type { LoginState } from '../../agents/program/login-state.ts';
import { impossible } from '../../core/impossible.ts';
import { renderTable } from '../terminal/table.ts';
import type { KnownAgent } from './known-agents.ts';

/** The table of `yard agents`. */
export function renderAgents(agents: readonly KnownAgent[], width: number): string[] {
  const rows = agents.map((agent) => [
    `${agent.configured ? '*' : ' '} ${agent.name}`,
    agent.version ?? '-',
    loginWord(agent.login),
    agent.protocol,
    agent.capabilities === null ? '-' : capabilityWords(agent.capabilities),
    agent.proven ?? '-',
    placeOf(agent),
  ]);
  return renderTable([['  agent', 'version', 'login', 'protocol', 'can', 'proven', 'program'], ...rows], width);
}

export function loginWord(login: LoginState): string {
  switch (login.kind) {
    case 'key':
      return login.variable;
    case 'file':
      return login.path;
    case 'none':
      return 'none';
    case 'unknown':
      return '-';
    default:
      throw impossible(login satisfies never);
  }
}

function capabilityWords({ resume, tools, schema, cost, interrupt, steer, reviewOnly }: Capabilities): string {
  const words = [
    resume && 'resume',
    tools !== null && 'tools',
    schema && 'schema',
    cost === 'reported' ? 'cost' : cost === 'tokens' && 'tokens',
    interrupt === 'protocol' && 'interrupt',
    steer && 'steer',
    reviewOnly && 'review only',
  ];
  return words.filter((word) => word !== false).join(', ') || '-';
}

function placeOf({ name, kind, program, path, install }: KnownAgent): string {
  if (path !== null) return path;
  if (install !== null) return program === null ? `any: ${name}:PROGRAM, see ${install}` : `not installed: ${install}`;
  if (kind === 'command' || kind === 'replay') return program ?? (kind === 'replay' ? 'yard' : 'a shell command');
  return 'not in this version';
}
