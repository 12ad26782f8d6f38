// One step of an attempt or a gate, in a process of its own as in earnest, so that nothing is warm; prints its time in ms.
import { join } from 'node:path';

import { fetchCommit, openDepot } from '../src/git/depot.ts';
import { fillDirectory } from '../src/git/fill.ts';
import { openLane, readLane } from '../src/git/lane.ts';
import { makeRedactor } from '../src/core/redact.ts';
import { prepareLane } from '../src/git/prepare-lane.ts';

const [step = '', stateDirectory = '', commit = '', repository = ''] = process.argv.slice(2);
const depot = await openDepot(stateDirectory, 'sha1');
const options = { depot, stateDirectory, excludes: '', excluded: [] };
const startedMs = performance.now();
switch (step) {
  case 'fetch':
    await fetchCommit({ into: depot.path, from: join(repository, '.git'), commit });
    break;
  case 'lane':
    await prepareLane({
      ...options,
      taskId: 'task',
      attempt: 1,
      token: 1,
      base: commit,
      identity: { name: 'Bench', email: 'bench@localhost' },
      keepsake: join(stateDirectory, 'keepsake'),
      redactor: makeRedactor([]),
      atMs: 0,
    });
    break;
  case 'snapshot': {
    const lane = await openLane(depot, stateDirectory, 'task');
    if (lane === null) throw new Error('there is no lane');
    const { changes } = await readLane(lane, options);
    process.stderr.write(`${changes.length} changes\n`);
    break;
  }
  case 'slot': {
    const directory = join(stateDirectory, 'slot');
    await fillDirectory({ depot, directory, indexFile: `${directory}.index`, tree: commit });
    break;
  }
  default:
    throw new Error(`there is no step ${JSON.stringify(step)}`);
}
process.stdout.write(String(performance.now() - startedMs));
