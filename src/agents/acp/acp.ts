import type { Turn } from '../agent.ts';
import { UserError } from '../../core/user-error.ts';
import { splitProgram } from '../../core/agent-spec.ts';
import { TOOL_SERVER } from '../../core/tool-definitions.ts';
import type { Adapter, ProgramSettings } from '../program/adapter.ts';
import type { Invocation } from '../program/protocol.ts';
import { ACP_WORDS, acpProgram, underXdg } from './acp-programs.ts';
import { AcpProtocol } from './acp-protocol.ts';
import type { McpServer } from './acp-protocol.ts';

/**
 * Any program that speaks the Agent Client Protocol: `acp:gemini` where it is known, `acp:some-program` where it needs no
 * arguments, and `run` in the configuration for all others. What comes after a second colon is the model.
 * @throws UserError `agent-missing` where nothing says which program.
 */
export function acpAdapter(settings: ProgramSettings): Adapter {
  const { word, model } = wordOf(settings);
  const known = acpProgram(word, settings.run);
  const [program, ...args] = known?.argv ?? [word ?? settings.run?.[0]];
  if (program === undefined) throw commandMissing(settings.name);
  return {
    kind: 'acp',
    program,
    install: known?.install ?? 'https://agentclientprotocol.com/overview/agents',
    // What nobody knows was proven by nobody.
    proven: known?.proven ?? 'recorded',
    protocol: () => 'ACP v1',
    capabilities: () => ({
      resume: known?.resume ?? true,
      tools: 'mcp',
      schema: false,
      cost: known?.cost ?? 'reported',
      interrupt: 'protocol',
      steer: false,
      reviewOnly: false,
    }),
    login: known?.login ?? [],
    keys: known?.keys ?? [],
    logIn: known?.logIn ?? null,
    needsLogin: false,
    invoke: (turn, { run, effort }, found) => {
      const flag = known?.modelFlag ?? null;
      const isFlag = flag !== null && model !== null;
      return invocation(turn, {
        argv: [...found, ...(run === null ? args : []), ...(isFlag ? [flag, model] : [])],
        env: known?.env(turn) ?? (turn.isEnclosed ? underXdg(turn.home) : {}),
        home: known?.home(turn) ?? [],
        model: isFlag ? null : model,
        effort,
      });
    },
  };
}

/** With `run`, the whole of what the spec names is the model, unless it is the word for that program. */
function wordOf({ run, model }: ProgramSettings): { readonly word: string | null; readonly model: string | null } {
  if (model === null) return { word: null, model: null };
  const { program: word, model: own } = splitProgram(model);
  return run !== null && !ACP_WORDS.includes(word) ? { word: null, model } : { word, model: own };
}

interface Start {
  readonly argv: [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly home: Invocation['home'];
  readonly model: string | null;
  readonly effort: string | null;
}

function invocation(turn: Turn, { argv, env, home, model, effort }: Start): Invocation {
  const { directory, prompt, session, isEnclosed, system, tools } = turn;
  const servers = tools === null ? [] : [serverOf(tools.server)];
  return {
    argv,
    env,
    input: '',
    held: true,
    home,
    protocol: new AcpProtocol({ directory, prompt, system, session, servers, model, effort, isEnclosed }),
  };
}

function serverOf({ command, args, env }: NonNullable<Turn['tools']>['server']): McpServer {
  return { name: TOOL_SERVER, command, args, env: Object.entries(env).map(([name, value]) => ({ name, value })) };
}

function commandMissing(name: string): UserError {
  return new UserError({
    code: 'agent-missing',
    message: `the agent ${name} does not say which program it is`,
    hint: `Write ${name}:PROGRAM (${ACP_WORDS.map((word) => `${name}:${word}`).join(', ')}, or any other that needs no arguments), or name it under agents.${name}.run in .yard/config.yaml.`,
  });
}
