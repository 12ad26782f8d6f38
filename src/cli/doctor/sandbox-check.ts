import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { cellPolicies } from '../../config/cell-policies.ts';
import type { CellPolicy } from '../../core/cell-policy.ts';
import { chooseSandbox } from '../../core/sandbox-choice.ts';
import type { SandboxSupport } from '../../core/sandbox-choice.ts';
import { describeSandboxes, reportSandboxes } from '../../core/sandbox-report.ts';
import type { SandboxReport } from '../../core/sandbox-report.ts';
import { breakOut } from '../../sandbox/breakout.ts';
import { SupportFinder } from '../../sandbox/find-support.ts';
import { failure, ok, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';
import { sandboxRemedy } from './sandbox-remedy.ts';

/** Whether what is to hold agents and gates does: by trying to break out of it. */
export const sandboxCheck: Check = { id: 'sandbox', needs: ['config'], examine };

async function examine(patient: Patient): Promise<Finding> {
  const config = patient.know('config');
  const policies = cellPolicies(config);
  const state = patient.may('places')?.directory;
  const directory = state !== undefined && existsSync(state) ? state : tmpdir();
  const finder = new SupportFinder(patient.context.env, directory, false);
  const support = await finder.find(policies.map(({ policy }) => policy));
  const report = reportSandboxes(policies, support);
  const [problem] = report.problems;
  if (problem !== undefined)
    return failure(`the sandbox of ${problem.name} cannot be had: ${problem.why}`, sandboxRemedy(problem.why));
  const shared = config.prewarm.length === 0 ? '' : sharing(report, support);
  const line = `${describeSandboxes(report, support)}${shared}`;
  let tried = 0;
  for (const policy of onePolicyEach(policies, support)) {
    const result = await breakOut(policy, { support, self: patient.context.compose.self });
    if (result.kind === 'broken') return failure(`the sandbox does not work: ${result.why}`, sandboxRemedy(result.why));
    const [escape] = result.escapes;
    if (escape !== undefined) {
      const more = result.escapes.length === 1 ? '' : ` (and ${result.escapes.length - 1} more)`;
      return failure(
        `the sandbox does not hold: a command in it ${escape}${more}`,
        'Do not run agents that you do not trust.',
      );
    }
    tried += result.tried;
  }
  const proof = tried === 0 ? '' : `; ${tried} ways out were tried, none led out`;
  if (!report.used.has('none')) return ok(`${line}${proof}`);
  const rights = `${line}${proof}. What runs without a sandbox has your rights`;
  // It was asked for: that is no fault.
  if (report.weakened === null) return ok(rights);
  const safe = 'What lands is proven all the same; this is about what runs on the way.';
  return warning(rights, sandboxRemedy(report.weakened), safe);
}

/** How what is installed once comes into cells. */
function sharing({ used }: SandboxReport, { overlay }: SandboxSupport): string {
  if (!used.has('bubblewrap')) return '';
  if (overlay.kind === 'works') return '; what is prewarmed is laid over';
  return `; what is prewarmed is ${process.getuid?.() === 0 ? 'linked' : 'copied'}: ${overlay.why}`;
}

/** For each sandbox in use, what it is used for first. */
function onePolicyEach(
  policies: readonly { readonly policy: CellPolicy }[],
  support: SandboxSupport,
): readonly CellPolicy[] {
  const first = new Map<string, CellPolicy>();
  for (const { policy } of policies) {
    const choice = chooseSandbox(policy.kind, support);
    if (choice.kind !== 'chosen' || choice.sandbox === 'none') continue;
    const key = `${choice.sandbox} ${policy.image ?? ''}`;
    if (!first.has(key)) first.set(key, policy);
  }
  return [...first.values()];
}
