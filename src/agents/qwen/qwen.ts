import type { Turn } from '../agent.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import { noEffort } from '../program/no-effort.ts';
import type { HomeFile } from '../program/protocol.ts';
import { TASK_COMMAND, taskCommand, trustedServers } from '../program/task-command.ts';
import { openingOf, StreamJsonProtocol } from '../stream-json/stream-json-protocol.ts';
import { QwenDialect } from './qwen-dialect.ts';
import { QWEN_SETTINGS, QWEN_VARIABLES } from './qwen-settings.ts';

const COMMAND_FILE = `---
description: ${TASK_COMMAND.description}
---
${TASK_COMMAND.text}
`;

/** Qwen Code over its streams of JSON, in both directions. */
export const QWEN: Adapter = {
  kind: 'qwen',
  program: 'qwen',
  install: 'npm install -g @qwen-code/qwen-code',
  proven: 'real',
  protocol: () => 'stream-json',
  capabilities: () => ({
    resume: true,
    tools: 'mcp',
    // Not where it is spoken with over streams.
    schema: false,
    cost: 'tokens',
    interrupt: 'protocol',
    steer: false,
    reviewOnly: false,
  }),
  // Its own login is no more; all else is the key of a service that talks as OpenAI's does.
  login: [],
  keys: ['OPENAI_API_KEY'],
  logIn: null,
  needsLogin: true,
  invoke(turn, settings, program) {
    if (settings.effort !== null) throw noEffort(settings.name, settings.effort);
    return {
      argv: [...program, ...argumentsOf(turn, settings)],
      env: {
        QWEN_HOME: turn.home,
        ...QWEN_VARIABLES,
      },
      input: openingOf(taskCommand(turn.prompt)),
      held: true,
      home: filesOf(turn),
      protocol: new StreamJsonProtocol(new QwenDialect((turn.environment['OPENAI_API_KEY'] ?? '') !== ''), {
        session: turn.session,
        // They are reached from the cell.
        tools: null,
      }),
    };
  },
};

function argumentsOf(turn: Turn, { model }: ProgramSettings): string[] {
  const { session, system } = turn;
  return [
    '--input-format=stream-json',
    '--output-format=stream-json',
    '--approval-mode=yolo',
    '--auth-type=openai',
    ...(model === null ? [] : ['--model', model]),
    ...(session === null ? [] : ['--resume', session.id]),
    ...(system === null ? [] : ['--append-system-prompt', system]),
  ];
}

function filesOf({ tools }: Turn): HomeFile[] {
  const settings = {
    ...QWEN_SETTINGS,
    mcpServers: trustedServers(tools),
  };
  return [
    { path: 'settings.json', content: JSON.stringify(settings) },
    { path: `commands/${TASK_COMMAND.name}.md`, content: COMMAND_FILE },
  ];
}
