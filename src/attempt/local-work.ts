import type { TaskSpec } from '../core/task.ts';
import { treeOf } from '../git/depot.ts';
import { diffRaw } from '../git/raw-diff.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { AttemptWork } from './attempt-work.ts';
import { collect } from './collect.ts';
import { gate } from './gate-phase.ts';
import { implement } from './implement.ts';
import { prepare } from './prepare.ts';
import type { Prepared } from './prepare.ts';
import { refusalOf } from './refusal.ts';
import { signatureOf } from './signature.ts';

/** The phases as they are done on this machine: lane, agent, depot, slot. */
export function localWork(context: AttemptContext): AttemptWork<Prepared> {
  return {
    prepare: () => prepare(context),
    implement: (spec, prepared) => implement(context, spec, prepared),
    collect: (spec, { lane }) => collect(context, spec, lane),
    takeUp: (spec, head) => takeUp(context, spec, head),
    gate: (spec, collected) => gate(context, spec, collected),
    audit: (head) => context.evidence.writeJson('audit.json', { audit: context.pin.config.audit, head }),
    signature: (outcome) => signatureOf(context, outcome),
    seal: async (outcome) => {
      await context.evidence.writeJson('outcome.json', outcome);
      await context.evidence.seal();
    },
  };
}

/** What is allowed may have changed since the commit was made. */
async function takeUp(
  context: AttemptContext,
  spec: TaskSpec,
  head: string,
): ReturnType<AttemptWork<Prepared>['takeUp']> {
  const changes = await diffRaw(context.depot, `${head}^`, head);
  const refusal = await refusalOf(context, spec, head, changes);
  if (refusal !== null) return refusal;
  return { kind: 'collected', head, tree: await treeOf(context.depot, head) };
}
