import { BLOCKED_FILE } from './command.ts';
import type { Config } from '../config/schema.ts';
import type { Lane } from '../git/lane.ts';

/** Paths that never enter a snapshot of the lane: what the host put there, and the file of questions. */
export function excludedPaths(config: Pick<Config, 'provision' | 'prewarm'>, lane: Lane | null): string[] {
  return [
    ...config.provision.map(({ target }) => target),
    ...config.prewarm.flatMap(({ outputs }) => outputs),
    ...(lane !== null && holdsBlockedFile(lane) ? [] : [BLOCKED_FILE]),
  ];
}

/** The project has a file (or directory) of that name itself: it is work like any other, and no question. */
export function holdsBlockedFile({ baseline }: Lane): boolean {
  if (baseline.has(BLOCKED_FILE)) return true;
  for (const path of baseline.keys()) if (path.startsWith(`${BLOCKED_FILE}/`)) return true;
  return false;
}
