import { join } from 'node:path';

import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import { UserError } from '../../core/user-error.ts';
import type { Json } from '../../core/yard-event.ts';
import type { Turn } from '../agent.ts';
import type { ProgramSettings } from '../program/adapter.ts';
import type { HomeFile, Invocation } from '../program/protocol.ts';
import { ExecProtocol } from './exec-protocol.ts';

const SCHEMA_FILE = 'yard-schema.json';
/** Characters. */
const INPUT_MAX = 1024 * 1024;

/** Codex by `exec --json`. @throws UserError for a prompt that it does not take. */
export function execInvocation(
  turn: Turn,
  settings: Pick<ProgramSettings, 'name' | 'model' | 'effort'>,
  program: readonly [string, ...string[]],
  words: readonly string[] = [],
): Invocation {
  if (turn.prompt.length > INPUT_MAX) throw tooLong(settings.name);
  const { session, schema, home, isEnclosed } = turn;
  const { model, effort } = settings;
  return {
    argv: [
      ...program,
      'exec',
      ...words,
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
    input: turn.prompt,
    held: false,
    home: filesOf(turn),
    protocol: new ExecProtocol(session),
  };
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

function tooLong(name: string): UserError {
  return new UserError({
    code: 'prompt-too-long',
    message: `the prompt is longer than what codex exec takes (${INPUT_MAX} characters)`,
    hint: `Leave out agents.${name}.protocol: the app-server takes it in pieces.`,
  });
}
