import { join } from 'node:path';

import type { Turn } from '../agent.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import { PiProtocol } from './pi-protocol.ts';

const SYSTEM_FILE = 'yard-system.md';

/** Pi over its calls by lines (`--mode rpc`). It has no servers of tools, and no sandbox of its own. */
export const PI: Adapter = {
  kind: 'pi',
  program: 'pi',
  install: 'npm install -g @mariozechner/pi-coding-agent',
  proven: 'real',
  protocol: () => 'rpc',
  capabilities: () => ({
    resume: true,
    tools: null,
    schema: false,
    cost: 'reported',
    interrupt: 'protocol',
    steer: true,
    reviewOnly: false,
  }),
  // Providers of the operator's own are in the second, with their keys.
  login: [
    { from: '.pi/agent/auth.json', to: 'auth.json' },
    { from: '.pi/agent/models.json', to: 'models.json' },
  ],
  keys: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
  logIn: 'pi, then /login',
  needsLogin: false,
  invoke: (turn, settings, program) => ({
    argv: [...program, ...argumentsOf(turn, settings)],
    env: {
      PI_CODING_AGENT_DIR: turn.home,
      // What it would do as it starts: look for news of itself.
      PI_OFFLINE: '1',
      PI_SKIP_VERSION_CHECK: '1',
      PI_TELEMETRY: '0',
    },
    input: '',
    held: true,
    home: turn.system === null ? [] : [{ path: SYSTEM_FILE, content: turn.system }],
    protocol: new PiProtocol(turn),
  }),
};

/** Its words for how hard a model is to think, where they are others. */
const EFFORTS: { readonly [effort: string]: string } = { none: 'off', max: 'xhigh' };

function argumentsOf({ session, system, home }: Turn, { model, effort }: ProgramSettings): string[] {
  return [
    '--mode',
    'rpc',
    ...(model === null ? [] : ['--model', model]),
    ...(effort === null ? [] : ['--thinking', Object.hasOwn(EFFORTS, effort) ? (EFFORTS[effort] ?? effort) : effort]),
    ...(system === null ? [] : ['--append-system-prompt', join(home, SYSTEM_FILE)]),
    ...(session === null ? [] : ['--session', session.id]),
  ];
}
