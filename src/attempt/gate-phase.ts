import type { AttemptOutcome } from '../core/attempt.ts';
import { impossible } from '../core/impossible.ts';
import { inert, inertLine } from '../core/inert.ts';
import type { TaskSpec } from '../core/task.ts';
import { gateOf, gateSetting } from '../gates/gate-choice.ts';
import { runGate } from '../gates/run-gate.ts';
import type { AttemptContext } from './attempt-context.ts';

/** Null: the gate is green. */
export async function gate(
  context: AttemptContext,
  spec: TaskSpec,
  { head, tree }: { readonly head: string; readonly tree: string },
): Promise<AttemptOutcome | null> {
  const chosen = gateOf(context.pin.config, spec.gate);
  const result = await runGate(gateSetting(context), {
    ...chosen,
    tree,
    fence: context.fence,
    log: context.evidence.path('gate.log'),
    marker: context.marker,
    signal: context.signal,
  });
  await context.evidence.writeJson('gate.json', {
    gate: chosen.name,
    run: chosen.gate.run,
    head,
    cell: context.cells.describe(chosen.gate.cell),
    ...result,
  });
  switch (result.kind) {
    case 'green':
      return null;
    case 'red':
      return { kind: 'gate-red', head, summary: inertLine(result.summary, 500), logTail: inert(result.logTail) };
    case 'infrastructure':
      return { kind: 'infrastructure', why: inert(result.why) };
    case 'cancelled':
      return { kind: 'cancelled' };
    default:
      throw impossible(result satisfies never);
  }
}
