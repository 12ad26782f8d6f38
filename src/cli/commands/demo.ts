import { readCheckout } from '../../git/checkout.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { EXIT } from '../context.ts';
import { makeProject } from '../demo/demo-project.ts';
import { reportDemo } from '../demo/demo-report.ts';
import { runDemo } from '../demo/demo-run.ts';
import { findScenario } from '../demo/find-scenario.ts';
import type { DemoPlaces } from '../demo/scenario.ts';
import { openReady } from '../run/open-ready.ts';
import { wrapText } from '../terminal/wrap.ts';

/**
 * `yard demo`: makes a small project in a directory of its own and runs a backlog through it, on the same machinery as
 * `yard run`. The operator's own repositories and state have no part in it.
 */
export async function demoCommand(
  context: CommandContext,
  options: { readonly scenario?: string; readonly directory?: string },
): Promise<ExitCode> {
  const { output, compose } = context;
  const scenario = findScenario(options.scenario ?? 'backlog');
  const project = await makeProject(scenario, options.directory ?? null);
  output.print(output.style('bold', `A demo, made in ${project.root}`));
  for (const text of scenario.introduction) for (const line of wrapText(text, output.width)) output.print(line);
  output.print();
  const demo = inProject(context, project, scenario.secrets ?? {});
  const before = await readCheckout(project.root);
  const startedMs = compose.clock.monotonicMs();
  const yard = await openReady(demo);
  try {
    const end = await runDemo(demo, yard, scenario);
    const durationMs = compose.clock.monotonicMs() - startedMs;
    if (end.kind === 'interrupted') output.print('Interrupted: all that ran was ended, and its work is kept.');
    const done = await reportDemo(demo, yard.store, scenario, project, { end, durationMs, before });
    return done ? EXIT.ok : EXIT.failed;
  } catch (error) {
    output.say(`The demo is left as it is in ${project.directory}`);
    throw error;
  } finally {
    await yard.store.close();
  }
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
