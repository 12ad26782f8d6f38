import { readCheckout } from '../../git/checkout.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { EXIT } from '../context.ts';
import { makeProject } from '../demo/demo-project.ts';
import { reportDemo } from '../demo/demo-report.ts';
import { runDemo } from '../demo/demo-run.ts';
import { findScenario } from '../demo/find-scenario.ts';
import { BACKLOG } from '../demo/backlog.ts';
import type { DemoAgent } from '../demo/demo-agent.ts';
import type { DemoPlaces, Scenario } from '../demo/scenario.ts';
import { UserError } from '../../core/user-error.ts';
import { openReady } from '../run/open-ready.ts';
import { wrapText } from '../terminal/wrap.ts';

export interface DemoOptions {
  readonly scenario?: string;
  readonly directory?: string;
  readonly agent?: string;
  readonly stubModel?: boolean;
  readonly yes?: boolean;
}

/**
 * `yard demo`: makes a small project in a directory of its own and runs a backlog through it, on the same machinery as
 * `yard run`. The operator's own repositories and state have no part in it.
 */
export async function demoCommand(context: CommandContext, options: DemoOptions): Promise<ExitCode> {
  const scenario = findScenario(options.scenario ?? 'backlog');
  const agent = await agentOf(context, scenario, options);
  try {
    return await playDemo(context, scenario, options.directory ?? null, agent);
  } finally {
    await agent?.close();
  }
}

async function playDemo(
  context: CommandContext,
  scenario: Scenario,
  directory: string | null,
  agent: DemoAgent | null,
): Promise<ExitCode> {
  const { output, compose } = context;
  const project = await makeProject(scenario, directory, agent);
  output.print(output.style('bold', `A demo, made in ${project.root}`));
  const introduction = agent === null ? null : scenario.introduce?.(agent);
  for (const text of introduction ?? scenario.introduction) {
    for (const line of wrapText(text, output.width)) output.print(line);
  }
  output.print();
  const demo = inProject(context, project, scenario.secrets ?? {});
  const before = await readCheckout(project.root);
  const startedMs = compose.clock.monotonicMs();
  const yard = await openReady(demo);
  try {
    const { end, stuck } = await runDemo(demo, yard, scenario);
    const durationMs = compose.clock.monotonicMs() - startedMs;
    if (end.kind === 'interrupted') output.print('Interrupted: all that ran was ended, and its work is kept.');
    const isOpen = agent !== null && !agent.isStubbed;
    const explore = isOpen ? (scenario.exploreOpen ?? scenario.explore) : scenario.explore;
    const done = await reportDemo(demo, yard.store, { ...scenario, explore }, project, {
      end,
      stuck,
      durationMs,
      before,
    });
    return done ? EXIT.ok : EXIT.failed;
  } catch (error) {
    output.say(`The demo is left as it is in ${project.directory}`);
    throw error;
  } finally {
    await yard.store.close();
  }
}

/** Null: the scripted one. */
async function agentOf(
  context: CommandContext,
  scenario: Scenario,
  { agent, stubModel = false, yes = false }: DemoOptions,
): Promise<DemoAgent | null> {
  if (agent === undefined && !stubModel) return null;
  if (agent === undefined || scenario !== BACKLOG) {
    throw new UserError({
      code: 'demo-agent',
      message:
        agent === undefined
          ? '--stub-model is for a program that --agent names'
          : 'only the demo backlog is for real programs',
      hint: 'Such as: yard demo --agent codex --stub-model',
      exitCode: EXIT.usage,
    });
  }
  const { openDemoAgent } = await import('../demo/demo-agent.ts');
  return openDemoAgent(context, scenario, { agent, stubModel, yes });
}

/** The same commands, at work in the demo: none of the operator's own `YARD_…` settings reaches it. */
function inProject(
  context: CommandContext,
  { root, stateDirectory }: DemoPlaces,
  secrets: Readonly<Record<string, string>>,
): CommandContext {
  const env = Object.fromEntries(Object.entries(context.env).filter(([name]) => !name.startsWith('YARD_')));
  const own = { ...env, ...secrets, YARD_STATE_DIR: stateDirectory };
  return { ...context, cwd: root, env: own, compose: context.compose.withEnvironment(own) };
}
