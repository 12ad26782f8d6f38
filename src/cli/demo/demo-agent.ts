import { parseRecipes } from '../../agents/recipe.ts';
import type { ProgramKind } from '../../core/agent-kind.ts';
import { agentChain, agentName, parseAgentSpec } from '../../core/agent-spec.ts';
import { UserError } from '../../core/user-error.ts';
import { checkWorkerSpec } from '../agent/check-spec.ts';
import { configHere, knownAgent } from '../agent/known-agents.ts';
import { EXIT } from '../context.ts';
import type { CommandContext } from '../context.ts';
import { ask } from '../terminal/ask.ts';
import { startModel } from './model/stub-model.ts';
import type { Scenario } from './scenario.ts';
import { enterAccount, stubAccount } from './stub-account.ts';
import { demoScript } from './stub-script.ts';

/** The program that works on a demo in the place of the scripted agent. */
export interface DemoAgent {
  readonly spec: string;
  readonly kind: ProgramKind;
  /** As `agents.X.run` has it; null: it is on PATH. */
  readonly run: readonly string[] | null;
  /** Its own login is not touched: a model of ours stands in for its provider. */
  readonly isStubbed: boolean;
  /** What the project has for it besides. */
  readonly files: Readonly<Record<string, string>>;
  /** Ends what stands in for its provider. */
  close(): Promise<void>;
}

export interface DemoAgentOptions {
  readonly agent: string;
  readonly stubModel: boolean;
  readonly yes: boolean;
}

/**
 * Finds the program, and leads it to a stub model that plays the scenario's recipes, or makes sure that its provider is
 * meant. @throws UserError where it is not installed, or not confirmed.
 */
export async function openDemoAgent(
  context: CommandContext,
  scenario: Scenario,
  { agent: spec, stubModel, yes }: DemoAgentOptions,
): Promise<DemoAgent> {
  const { config } = await configHere(context);
  if (agentChain(spec).length > 1) {
    throw new UserError({
      code: 'demo-agent',
      message: 'the demo is worked on by one agent, not by a chain',
      hint: `Name one of them, such as: yard demo --agent ${agentChain(spec)[0] ?? ''}`,
      exitCode: EXIT.usage,
    });
  }
  checkWorkerSpec(spec, config);
  const name = agentName(spec);
  const agent = config.agents[name];
  if (agent === undefined || agent.kind === 'command' || agent.kind === 'replay') {
    throw new UserError({
      code: 'no-such-agent',
      message: `the demo cannot be worked on by ${spec}`,
      hint: 'Name an agent that has an adapter; they are listed by: yard agents',
    });
  }
  const { path, program, install } = await knownAgent(spec, config, true, context.env);
  if (path === null) {
    throw new UserError({
      code: 'agent-missing',
      message: `the program ${program ?? name} is not installed`,
      hint: `Install it: ${install ?? 'see docs/agents.md'}; or name it under agents.${name}.run in .yard/config.yaml here.`,
    });
  }
  if (!stubModel) {
    await confirm(context, spec, scenario, yes);
    return {
      spec: asKind(spec, agent.kind),
      kind: agent.kind,
      run: agent.run,
      isStubbed: false,
      files: {},
      close: () => Promise.resolve(),
    };
  }
  const account = stubAccount(agent.kind);
  const parsed = parseRecipes(scenario.recipes);
  if (parsed.kind === 'bad') throw new Error(`the recipes of ${scenario.name} are broken: ${parsed.why}`);
  const model = await startModel({ script: demoScript(parsed.recipes) });
  const leave = enterAccount(agent.kind, account.variables(model.url));
  const named = parseAgentSpec(spec).model ?? account.model;
  return {
    spec: named === null ? agent.kind : `${agent.kind}:${named}`,
    kind: agent.kind,
    run: agent.run,
    isStubbed: true,
    files: account.files?.(model.url) ?? {},
    close: async () => {
      leave();
      await model.close();
    },
  };
}

/** In the demo's own configuration it stands under the name of its kind. */
function asKind(spec: string, kind: ProgramKind): string {
  return `${kind}${spec.slice(agentName(spec).length)}`;
}

async function confirm({ stdin }: CommandContext, spec: string, scenario: Scenario, yes: boolean): Promise<void> {
  if (yes) return;
  const what = `${scenario.tasks.length} small tasks by ${spec}, which its provider charges`;
  if (stdin.isTTY) {
    const answer = await ask(stdin, {
      text: `${what}; go on? (y/n)`,
      proposal: 'n',
      ifInterrupted: 'nothing was made',
    });
    if (/^y(?:es)?$/iu.test(answer)) return;
  }
  throw new UserError({
    code: 'not-confirmed',
    message: `${what}: that must be confirmed`,
    hint: 'Confirm it with --yes, or take --stub-model, which costs nothing.',
    exitCode: EXIT.usage,
  });
}
