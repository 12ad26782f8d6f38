import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { cellPolicies } from '../../config/cell-policies.ts';
import type { CellPolicy } from '../../core/cell-policy.ts';
import { chooseSandbox } from '../../core/sandbox-choice.ts';
import type { SandboxSupport } from '../../core/sandbox-choice.ts';
import { describeSandboxes, reportSandboxes } from '../../core/sandbox-report.ts';
import type { NamedPolicy, SandboxReport } from '../../core/sandbox-report.ts';
import { hiddenPrograms } from '../../reconcile/hidden-programs.ts';
import { checkGrantedPlaces } from '../../reconcile/settings.ts';
import { breakOut } from '../../sandbox/breakout.ts';
import { SupportFinder } from '../../sandbox/find-support.ts';
import { placeWarnings } from '../../sandbox/granted-places.ts';
import { fail, pass, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';
import { sandboxRemedy } from './sandbox-remedy.ts';
import { chainsOfTasks } from './settings-checks.ts';

/** Whether what is to hold agents and gates does: by trying to break out of it. */
export const sandboxCheck: Check = { id: 'sandbox', requires: ['config'], examine };

const PLACE_REMEDY = 'Make the place, give it to the user of the cells, or take it out of .yard/config.yaml.';

async function examine(patient: Patient): Promise<Finding> {
  const config = patient.know('config');
  const policies = cellPolicies(config, chainsOfTasks(patient));
  const { root, commonDirectory } = patient.know('repository');
  const stateDirectory = patient.may('places')?.directory ?? null;
  checkGrantedPlaces(config, { root, commonDirectory, stateDirectory });
  const directory = stateDirectory !== null && existsSync(stateDirectory) ? stateDirectory : tmpdir();
  const finder = new SupportFinder(patient.context.env, directory, false);
  const support = await finder.find(policies.map(({ policy }) => policy));
  const report = reportSandboxes(policies, support);
  const [problem] = report.problems;
  if (problem !== undefined)
    return fail(`the sandbox of ${problem.name} cannot be had: ${problem.why}`, sandboxRemedy(problem.why));
  const shared = config.prewarm.length === 0 ? '' : sharing(report, support);
  const line = `${describeSandboxes(report, support)}${shared}`;
  patient.learn('sandboxes', support);
  const cells = patient.quick ? [] : differentCells(policies, support);
  const tried = await breakOutOfAll(cells, { support, self: patient.context.compose.self });
  if (typeof tried !== 'number') return tried;
  const proof = tried === 0 ? '' : `; ${tried} ways out were tried, none led out`;
  const opened = cells.flatMap(({ names, policy }) => openedBy(names, policy));
  const proven = [`${line}${proof}`, ...opened].join('. ');
  const rights = `${proven}. What runs without a sandbox has your rights`;
  const isUnheld = report.used.has('none');
  if (isUnheld && report.weakened !== null) {
    return warn(
      rights,
      sandboxRemedy(report.weakened),
      'What lands is proven all the same; this is about what runs on the way.',
    );
  }
  const [lacking] = placeWarnings(policies, support);
  if (lacking !== undefined) return warn(`${lacking}. ${isUnheld ? rights : proven}`, PLACE_REMEDY);
  const places = { path: patient.context.env['PATH'] ?? '', stateDirectory: stateDirectory ?? directory };
  const [hidden] = hiddenPrograms(config, chainsOfTasks(patient), support, places);
  if (hidden !== undefined)
    return warn(`${hidden}. ${isUnheld ? rights : proven}`, 'Name it there, or install it on PATH.');
  // That there is none was asked for: that is no fault.
  return pass(isUnheld ? rights : proven);
}

/** How often it was tried without success; else what did not hold. */
async function breakOutOfAll(
  cells: readonly SameCell[],
  means: Parameters<typeof breakOut>[1],
): Promise<number | Finding> {
  let tried = 0;
  for (const { names, policy } of cells) {
    const result = await breakOut(policy, means);
    const whose = names.join(', ');
    if (result.kind === 'broken')
      return fail(`the sandbox of ${whose} does not work: ${result.why}`, sandboxRemedy(result.why));
    const [escape] = result.escapes;
    if (escape !== undefined) {
      const more = result.escapes.length === 1 ? '' : ` (and ${result.escapes.length - 1} more)`;
      return fail(
        `the sandbox does not hold: a command in the cell of ${whose} ${escape}${more}`,
        'Do not run agents that you do not trust.',
      );
    }
    tried += result.tried;
  }
  return tried;
}

/** How what is installed once comes into cells. */
function sharing({ used }: SandboxReport, { overlay }: SandboxSupport): string {
  if (!used.has('bubblewrap')) return '';
  if (overlay.kind === 'works') return '; what is prewarmed is laid over';
  return `; what is prewarmed is ${process.getuid?.() === 0 ? 'linked' : 'copied'}: ${overlay.why}`;
}

interface SameCell {
  readonly names: string[];
  readonly policy: CellPolicy;
}

/** Each cell that is made otherwise than the others, with all that run in such a one; what has none is left out. */
function differentCells(policies: readonly NamedPolicy[], support: SandboxSupport): SameCell[] {
  const cells = new Map<string, SameCell>();
  for (const { name, policy } of policies) {
    const choice = chooseSandbox(policy.kind, support);
    if (choice.kind !== 'chosen' || choice.sandbox === 'none') continue;
    const { image, network, read, write } = policy;
    const key = JSON.stringify([choice.sandbox, image, network, read, write]);
    const cell = cells.get(key) ?? { names: [], policy };
    cell.names.push(name);
    cells.set(key, cell);
  }
  return [...cells.values()];
}

/** What the configuration lets them do: it was not counted as a way out. */
function openedBy(names: readonly string[], { network, read, write }: CellPolicy): string[] {
  const opened = [
    ...(network === 'none' ? [] : [`network ${network === 'open' ? network : network.join(', ')}`]),
    ...(write.length === 0 ? [] : [`may change ${write.join(', ')}`]),
    ...(read.length === 0 ? [] : [`may read ${read.join(', ')}`]),
  ];
  return opened.length === 0 ? [] : [`${names.join(', ')}: ${opened.join('; ')}`];
}
