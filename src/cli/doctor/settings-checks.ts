import { CONFIG_FILE, loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { agentsInUse } from '../../config/cell-policies.ts';
import { isFinal } from '../../core/task-state.ts';
import { isUserError } from '../../core/user-error.ts';
import { currentCommit, toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { checkAgents, checkGates, checkPrewarms, checkProvisions } from '../../reconcile/readiness.ts';
import { checkPrograms } from '../../reconcile/agent-programs.ts';
import { readRecipes } from '../../reconcile/settings.ts';
import { unpriced } from '../account/unpriced.ts';
import { schedulerOf } from '../schedule/scheduler.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { fail, failOf, pass, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** What a person writes: the configuration and the tasks. */
export const settingsChecks: readonly Check[] = [
  { id: 'config', requires: ['repository'], examine: examineConfig },
  { id: 'tasks', requires: ['repository', 'store'], examine: examineTasks },
  { id: 'gate', requires: ['config'], examine: (patient) => Promise.resolve(examineGate(patient)) },
  { id: 'agents', requires: ['config'], examine: examineAgents },
];

async function examineConfig(patient: Patient): Promise<Finding> {
  try {
    return await readConfig(patient);
  } catch (error) {
    const safe = isUserError(error) ? await whatGoesOn(patient) : undefined;
    if (!isUserError(error) || safe === undefined) throw error;
    return failOf(error, safe);
  }
}

async function readConfig(patient: Patient): Promise<Finding> {
  const repository = patient.know('repository');
  const { config, warnings } = await loadConfig(repository.root, patient.context.env);
  await checkProvisions(repository, config);
  const target = await readTarget(repository, toRefName(config.target));
  const commit = target.kind === 'commit' ? target.commit : ((await currentCommit(repository))?.commit ?? null);
  if (commit !== null) await checkPrewarms(repository, config, commit);
  patient.learn('config', config);
  const [first] = warnings;
  return first === undefined
    ? pass(`${CONFIG_FILE}${inForce(patient, config)}`)
    : warn(first, `See to it in ${CONFIG_FILE}.`);
}

/** What work is started with is the version that the scheduler took last. */
function inForce(patient: Patient, config: Config): string {
  const { pin = null, pinnedMs = null } = patient.may('reading') ?? {};
  if (pin === null || pinnedMs === null) return '';
  const since = new Date(pinnedMs).toISOString();
  return JSON.stringify(pin.config) === JSON.stringify(config)
    ? `, in force since ${since}`
    : `, which the next cycle takes; in force is the version of ${since}`;
}

/** Of a configuration with a mistake: what goes on meanwhile. */
async function whatGoesOn(patient: Patient): Promise<string | undefined> {
  const { reader, pinnedMs } = patient.may('reading') ?? {};
  if (reader === undefined || pinnedMs === undefined || pinnedMs === null) return undefined;
  if ((await schedulerOf(reader, patient.context.compose.clock)) === null) return undefined;
  return `The run that drives the yard goes on with the version of ${new Date(pinnedMs).toISOString()}.`;
}

async function examineTasks(patient: Patient): Promise<Finding> {
  const rows = patient.may('rows') ?? [];
  const source = new LocalTaskSource(patient.know('repository').root);
  const { imports, problems, warnings } = await source.changes(rows);
  const [problem] = problems;
  if (problem !== undefined) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    return fail(`${problem.message}${more}`, problem.hint ?? 'Mend the file.');
  }
  const open = rows.filter(({ state }) => !isFinal(state.status));
  const tasks = new Map(open.map(({ id, after, agent, state }) => [id, { id, after, agent, status: state.status }]));
  for (const { spec } of imports) {
    const { id, after, agent } = spec;
    tasks.set(id, { id, after, agent, status: tasks.get(id)?.status ?? 'ready' });
  }
  patient.learn('tasks', [...tasks.values()]);
  const [first] = warnings;
  if (first !== undefined) return warn(first, 'Correct the key, if it was meant for Yardmaster.');
  return pass(`${tasks.size} ${tasks.size === 1 ? 'task is' : 'tasks are'} to be done`);
}

function examineGate(patient: Patient): Finding {
  const config = patient.know('config');
  checkGates(config);
  return pass(
    Object.entries(config.gates)
      .map(([name, { run }]) => `${name}: ${run}`)
      .join(', '),
  );
}

async function examineAgents(patient: Patient): Promise<Finding> {
  const config = patient.know('config');
  const { root } = patient.know('repository');
  checkAgents(root, config);
  readRecipes(root, config);
  const chains = chainsOfTasks(patient);
  const { missing, warnings } = await checkPrograms(config, chains, patient.context.env);
  if (missing !== null) return failOf(missing);
  const { reader } = patient.may('reading') ?? {};
  const costs = reader === undefined ? [] : await unpriced(reader, config.prices);
  const all = new Set([...warnings, ...costs]);
  if (all.size > 0) return warn([...all].join('. '), 'See: yard agents. To try one: yard agents probe');
  return pass(
    agentsInUse(config, chains)
      .map(([name]) => name)
      .join(', '),
  );
}

/** Those that open tasks name. */
export function chainsOfTasks(patient: Patient): string[] {
  return [...new Set((patient.may('tasks') ?? []).flatMap(({ agent }) => agent ?? []))];
}
