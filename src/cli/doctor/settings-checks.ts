import { CONFIG_FILE, loadConfig } from '../../config/load.ts';
import { cyclesThrough } from '../../core/graph.ts';
import { isFinal } from '../../core/task-state.ts';
import { taskIdKey } from '../../core/task.ts';
import { currentCommit, toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { checkAgents, checkGates, checkPrewarms, checkProvisions } from '../../reconcile/readiness.ts';
import { readRecipes } from '../../reconcile/settings.ts';
import { LocalTaskSource } from '../../trackers/local-files.ts';
import { failure, ok, warning } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** What a person writes: the configuration and the tasks. */
export const settingsChecks: readonly Check[] = [
  { id: 'config', needs: ['repository'], examine: examineConfig },
  { id: 'tasks', needs: ['repository'], examine: examineTasks },
  { id: 'graph', needs: ['tasks'], examine: (patient) => Promise.resolve(examineGraph(patient)) },
  { id: 'gate', needs: ['config'], examine: (patient) => Promise.resolve(examineGate(patient)) },
  { id: 'agents', needs: ['config'], examine: (patient) => Promise.resolve(examineAgents(patient)) },
];

async function examineConfig(patient: Patient): Promise<Finding> {
  const repository = patient.know('repository');
  const { config, warnings } = await loadConfig(repository.root, patient.context.env);
  await checkProvisions(repository, config);
  const target = await readTarget(repository, toRefName(config.target));
  const commit = target.kind === 'commit' ? target.commit : ((await currentCommit(repository))?.commit ?? null);
  if (commit !== null) await checkPrewarms(repository, config, commit);
  patient.learn('config', config);
  const [first] = warnings;
  return first === undefined ? ok(CONFIG_FILE) : warning(first, `See to it in ${CONFIG_FILE}.`);
}

async function examineTasks(patient: Patient): Promise<Finding> {
  const rows = patient.may('rows') ?? [];
  const source = new LocalTaskSource(patient.know('repository').root);
  const { imports, problems, warnings } = await source.changes(rows);
  const [problem] = problems;
  if (problem !== undefined) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    return failure(`${problem.message}${more}`, problem.hint ?? 'Mend the file.');
  }
  const tasks = new Map(rows.filter(({ state }) => !isFinal(state.status)).map(({ id, after }) => [id, { id, after }]));
  for (const { spec } of imports) tasks.set(spec.id, spec);
  patient.learn('tasks', [...tasks.values()]);
  const [first] = warnings;
  if (first !== undefined) return warning(first, 'Correct the key, if it was meant for Yardmaster.');
  return ok(`${tasks.size} ${tasks.size === 1 ? 'task is' : 'tasks are'} to be done`);
}

function examineGraph(patient: Patient): Finding {
  const tasks = patient.know('tasks');
  const remedy = 'Mend the after: lines of the task files.';
  const [cycle] = cyclesThrough(tasks).values();
  if (cycle !== undefined) return failure(`dependencies form a cycle: ${cycle.join(' → ')}`, remedy);
  const known = new Set([...tasks, ...(patient.may('rows') ?? [])].map(({ id }) => taskIdKey(id)));
  for (const { id, after } of tasks) {
    const missing = after.find((dependency) => !known.has(taskIdKey(dependency)));
    if (missing !== undefined) return failure(`${id} comes after ${missing}, which does not exist`, remedy);
  }
  return ok('every dependency can land');
}

function examineGate(patient: Patient): Finding {
  const config = patient.know('config');
  checkGates(config);
  return ok(
    Object.entries(config.gates)
      .map(([name, { run }]) => `${name}: ${run}`)
      .join(', '),
  );
}

function examineAgents(patient: Patient): Finding {
  const config = patient.know('config');
  const { root } = patient.know('repository');
  checkAgents(root, config);
  readRecipes(root, config);
  return ok(Object.keys(config.agents).join(', '));
}
