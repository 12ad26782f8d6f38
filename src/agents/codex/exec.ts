import { join } from 'node:path';

import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import type { ProgramSettings } from '../program/adapter.ts';
import type { HomeFile, Invocation } from '../program/protocol.ts';
import { ExecProtocol } from './exec-protocol.ts';

const SCHEMA_FILE = 'yard-schema.json';

/** Codex by `exec --json`. It takes a prompt of at most 1 MiB. */
export function execInvocation(
  turn: Turn,
  settings: Pick<ProgramSettings, 'model' | 'effort'>,
  program: readonly [string, ...string[]],
): Invocation {
  const { session, schema, home, isEnclosed } = turn;
  const { model, effort } = settings;
  return {
    argv: [
      ...program,
      'exec',
      '--json',
      '--skip-git-repo-check',
      ...(isEnclosed ? ['--dangerously-bypass-approvals-and-sandbox'] : ['--sandbox', 'workspace-write']),
      ...(model === null ? [] : ['--model', model]),
      ...(effort === null ? [] : ['-c', `model_reasoning_effort=${JSON.stringify(effort)}`]),
      ...(schema === null ? [] : ['--output-schema', join(home, SCHEMA_FILE)]),
      ...(session === null ? [] : ['resume', session.id]),
      '-',
    ],
    env: { CODEX_HOME: home },
    input: promptOf(turn),
    held: false,
    home: filesOf(turn),
    protocol: new ExecProtocol(session),
  };
}

/** A thread that is taken up keeps the instructions that it began with: those of this turn come with the prompt. */
function promptOf({ prompt, session, system }: Turn): string {
  return session === null || system === null ? prompt : `${system}\n\n${prompt}`;
}

/** In files: what else is told by arguments can be read by whoever lists processes. */
function filesOf({ tools, schema, system }: Turn): HomeFile[] {
  const settings: string[] = system === null ? [] : [`developer_instructions = ${toml(system)}`];
  if (tools !== null) {
    const { command, args, env } = tools.server;
    settings.push(
      `[mcp_servers.${TOOL_SERVER}]`,
      `command = ${toml(command)}`,
      `args = ${toml(args)}`,
      // Otherwise it is asked about each call, and denies it, since nobody is there.
      'default_tools_approval_mode = "approve"',
      // Otherwise its first request is made without the tools, where they take a moment.
      'required = true',
      'startup_timeout_sec = 60',
      `[mcp_servers.${TOOL_SERVER}.env]`,
      ...Object.entries(env).map(([name, value]) => `${toml(name)} = ${toml(value)}`),
    );
  }
  const files: HomeFile[] = [{ path: 'config.toml', content: `${settings.join('\n')}\n` }];
  if (schema !== null) files.push({ path: SCHEMA_FILE, content: JSON.stringify(schema) });
  return files;
}

/** Texts and lists of texts are written as in JSON, but for one character. */
function toml(value: Json): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
