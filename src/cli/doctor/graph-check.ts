import { Frontier } from '../../core/frontier.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { describeWaiting } from '../../core/waiting.ts';
import type { Waiting } from '../../core/waiting.ts';
import { wayForward } from '../../core/way-forward.ts';
import type { OpenTask, Root, WayForward } from '../../core/way-forward.ts';
import { onlooker } from '../../process/onlooker.ts';
import { observe } from '../../reconcile/observe.ts';
import type { StoreView } from '../../store/store.ts';
import { counted } from '../terminal/table.ts';
import { fail, pass, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** A backlog can stand still with nothing broken: then it is to be said where the wait begins, and what ends it. */
export const graphCheck: Check = {
  id: 'graph',
  requires: ['tasks'],
  examine,
};

const NAMED_MAX = 5;

async function examine(patient: Patient): Promise<Finding> {
  const view = (await patient.may('reading')?.reader.view()) ?? null;
  const own = view === null ? new Map<string, string>() : ownTroubles(patient, view);
  // What stands in the place of a superseded task is what is waited for.
  const tasks = openTasks(patient, own).map((task) => {
    return { ...task, after: task.after.map((id) => view?.successors.get(id) ?? id) };
  });
  const states = new Map(view?.dependencies);
  for (const [id, successor] of view?.successors ?? []) states.set(successor, states.get(id) ?? 'superseded');
  return judge(wayForward(tasks, (id) => states.get(id) ?? 'missing'));
}

/** What only a person takes further. */
const BLOCKED: { readonly [S in TaskStatus]?: string } = {
  parked: 'is parked',
  blocked: 'waits for your decision',
  proposed: 'is proposed only',
};

function openTasks(patient: Patient, own: ReadonlyMap<string, string>): OpenTask[] {
  return patient
    .know('tasks')
    .map(({ id, after, status }) => ({ id, after, status, blocked: BLOCKED[status] ?? own.get(id) ?? null }));
}

/**
 * Of ready tasks, what is wrong with each alone, as the scheduler sees it. What holds all of them has checks of its own;
 * the rest (limits, scopes, back-offs) goes by itself.
 */
function ownTroubles(patient: Patient, view: StoreView): Map<string, string> {
  const config = patient.may('config');
  if (config === null) return new Map();
  const { clock } = patient.context.compose;
  const snapshot = observe(view, {
    config,
    landingBlocked: null,
    disk: { starting: null, landing: null },
    host: onlooker(clock),
    graces: [],
    isFirstLook: false,
    trainStarting: false,
    hasProcess: () => true,
  });
  const frontier = new Frontier(snapshot, clock.nowMs());
  const troubles = new Map<string, string>();
  for (const task of snapshot.tasks) {
    if (task.state.status !== 'ready') continue;
    const [waiting] = [...frontier.refusals(task)].filter(isOwn);
    if (waiting !== undefined) troubles.set(task.id, `cannot start: ${describeWaiting(waiting, task.id)}`);
  }
  return troubles;
}

function isOwn(waiting: Waiting): boolean {
  return waiting.reason === 'problem' || (waiting.reason === 'paused' && waiting.subject.of !== 'all');
}

function judge({ moving, later, roots }: WayForward): Finding {
  const broken = roots.filter(({ kind }) => kind === 'cycle' || kind === 'missing');
  if (broken.length > 0) return fail(listOf(broken), 'Mend the after: lines of the task files.');
  if (roots.length === 0 && moving === 0) return pass('nothing is to be done');
  const can = `${counted(moving, 'task')} can start or land, ${later} come later`;
  if (roots.length === 0) return pass(can);
  const never = roots.filter(({ kind }) => kind === 'never');
  if (never.length > 0)
    return warn(listOf(never), 'Take what never lands out of their after: lines, or put a task in its place.');
  if (moving > 0) return pass(`${can}; ${listOf(roots)}`);
  return warn(
    `no task can start or land: ${listOf(roots)}`,
    'See why with: yard why ID. Put back what is parked with: yard unpark ID',
  );
}

function listOf(roots: readonly Root[]): string {
  const named = roots.slice(0, NAMED_MAX).map(({ kind, why, at, behind }) => {
    // A cycle names all that stand in it, the others the first task.
    const others = behind.length + (kind === 'cycle' ? 0 : at.length - 1);
    if (others === 0) return why;
    return `${why} (${others === 1 ? '1 more waits' : `${others} more wait`} with it)`;
  });
  const left = roots.length - named.length;
  return `${named.join('; ')}${left > 0 ? `; and ${left} more such` : ''}`;
}
