import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { removeTree } from '../../process/removal.ts';
import { isLeftOver } from '../../process/temporary.ts';
import { endLane } from '../../reconcile/end-lane.ts';
import type { TaskRow } from '../../store/store.ts';
import { pass, skip, warn } from './check.ts';
import type { Check, Finding, Hands } from './check.ts';
import type { Patient } from './patient.ts';

/** What processes that died have left half-made, and lanes that nobody needs. */
export const leftoverChecks: readonly Check[] = [
  { id: 'half-made', requires: ['store'], looksAt: ['reading'], examine: examineHalfMade, repair: removeHalfMade },
  { id: 'lanes', requires: ['store'], looksAt: ['reading'], examine: examineLanes, repair: retireLanded },
];

/** Names by which each directory knows what is not finished. `tmp` is nothing else. */
const HALF_MADE: readonly (readonly [directory: string, name: RegExp])[] = [
  ['.', /^(?:(?:depot|fill)\.git\.new-|\.tmp-|\.trash-|\.probe-|repository\.)/],
  ['backups', /^\.tmp-/],
  ['containers', /^\.tmp-/],
  ['lanes', /^\.(?:tmp|trash)-/],
  ['pins', /^\.(?:tmp|trash)-/],
  ['prewarm', /(?:\.making$|^\.trash-)/],
  ['tmp', /./],
];

function halfMadeIn(stateDirectory: string): string[] {
  return HALF_MADE.flatMap(([name, pattern]) => {
    const directory = join(stateDirectory, name);
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((entry) => pattern.test(entry))
      .map((entry) => join(directory, entry));
  });
}

async function examineHalfMade(patient: Patient): Promise<Finding> {
  const found = halfMadeIn(patient.know('places').directory);
  if (found.length === 0) return pass('nothing is left');
  const leases = await patient.know('reading').reader.leases();
  // Whoever works has such things, too.
  if (leases.some(({ resource }) => resource !== 'scheduler')) return skip('work runs, and has such things itself');
  const strange = found.filter((path) => !isLeftOver(basename(path)));
  // What was killed, by `yard stop --now` too, leaves some.
  if (strange.length === 0) return pass('nothing but what a process has left that was ended: the next run removes it');
  return warn(
    `${strange.length} ${strange.length === 1 ? 'thing was' : 'things were'} never finished, such as ${strange[0] ?? ''}`,
    'yard doctor --repair removes them.',
    'They are made anew where they are needed.',
  );
}

async function removeHalfMade(_: Patient, { yard, quiet }: Hands): Promise<string[]> {
  const found = halfMadeIn(yard.stateDirectory);
  if (found.length > 0 && !(await quiet())) return [`${found.length} half-made things were left, because work runs`];
  return removeAll(found);
}

interface Lanes {
  readonly landed: readonly string[];
  readonly unknown: readonly string[];
}

/** Directories of lanes whose task has landed, or is not known. */
function sortLanes(stateDirectory: string, rows: readonly Pick<TaskRow, 'id' | 'state'>[]): Lanes {
  const directory = join(stateDirectory, 'lanes');
  if (!existsSync(directory)) return { landed: [], unknown: [] };
  const states = new Map(rows.map(({ id, state }) => [id, state.status]));
  const ids = new Set(
    readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .map((name) => basename(name).replace(/\.(?:index(?:\.[a-z]+)?|json)$/, '')),
  );
  return {
    landed: [...ids].filter((id) => states.get(id) === 'landed'),
    unknown: [...ids].filter((id) => !states.has(id)),
  };
}

function examineLanes(patient: Patient): Promise<Finding> {
  const { landed, unknown } = sortLanes(patient.know('places').directory, patient.know('rows'));
  if (landed.length > 0) {
    return Promise.resolve(
      warn(
        `lanes of landed tasks are left: ${landed.join(', ')}`,
        'yard doctor --repair retires them.',
        'What in them did not land is kept first: yard salvage.',
      ),
    );
  }
  if (unknown.length > 0) {
    return Promise.resolve(
      warn(
        `lanes of tasks that the store does not know: ${unknown.join(', ')}`,
        'Take out of them what you need, and remove them yourself.',
        'They are kept: they may hold work.',
      ),
    );
  }
  return Promise.resolve(pass('each belongs to a task'));
}

/** As the train does it: whatever in it did not land is kept first. */
async function retireLanded(_: Patient, { yard }: Hands): Promise<string[]> {
  const rows = await yard.store.rows();
  const lines: string[] = [];
  for (const taskId of sortLanes(yard.stateDirectory, rows).landed) {
    const attempt = rows.find(({ id }) => id === taskId)?.attempts ?? 1;
    const end = await endLane(yard, { taskId, attempt });
    lines.push(
      end.kind === 'retired' ? `the lane of ${taskId} was retired` : `the lane of ${taskId} stays: ${end.why}`,
    );
  }
  return lines;
}

async function removeAll(paths: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const path of paths) {
    const removal = await removeTree(path);
    lines.push(removal.kind === 'removed' ? `${path} was removed` : `${removal.path} resists: ${removal.why}`);
  }
  return lines;
}
