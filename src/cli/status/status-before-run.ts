import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { TASK_STATUSES } from '../../core/task-state.ts';
import type { TaskStatus } from '../../core/task-state.ts';
import { locateRepository } from '../../git/locate.ts';
import type { CommandContext } from '../context.ts';
import type { StatusView } from './status-view.ts';
import { lookAtUnimported } from '../schedule/unimported.ts';

/** The status of a repository that is set up, where nothing has run yet; null for one that is not. */
export async function statusBeforeRun({ compose, cwd }: CommandContext): Promise<StatusView | null> {
  const location = locateRepository(cwd);
  if (location === null || !existsSync(join(location.root, '.yard/config.yaml'))) return null;
  const { directory } = await compose.places(location.commonDirectory);
  const { joining, broken } = await lookAtUnimported({ reader: null, location }, 0);
  return {
    target: null,
    stateDirectory: directory,
    stopped: null,
    pauses: [],
    pools: [],
    failures: { open: false, inARow: 0, limit: null },
    sandboxes: [],
    configProblem: null,
    refusal: null,
    scheduler: null,
    counts: Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Record<TaskStatus, number>,
    running: [],
    putOff: [],
    recent: [],
    unimported: joining,
    brokenFiles: broken,
    open: [],
    finished: [],
  };
}
