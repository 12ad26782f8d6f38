import { join } from 'node:path';

/** Where a lane is, and what its refs are called: known without reading any. */
export interface LanePaths {
  readonly directory: string;
  readonly index: string;
  readonly note: string;
}

export function lanePaths(stateDirectory: string, taskId: string): LanePaths {
  const lanes = join(stateDirectory, 'lanes');
  return { directory: join(lanes, taskId), index: join(lanes, `${taskId}.index`), note: join(lanes, `${taskId}.json`) };
}

/*
 * Refs of a lane carry the token of the attempt that writes them: one that has lost its lease cannot reach those of its
 * successor. The highest token is the one that counts; the others go when the lane is retired.
 */
export const laneRef = (taskId: string, token: number): string => `${laneRefs(taskId)}/${token}`;
export const baseRef = (taskId: string, token: number): string => `${baseRefs(taskId)}/${token}`;
export const attemptRef = (taskId: string, attempt: number, token: number): string =>
  `refs/yard/attempt/${taskId}/${attempt}/${token}`;

/** What a train has made of an attempt's work and the target, for a person to approve. */
export const combinedRef = (taskId: string, attempt: number, trainToken: number): string =>
  `refs/yard/attempt/${taskId}/${attempt}/train-${trainToken}`;

export const laneRefs = (taskId: string): string => `refs/yard/lane/${taskId}`;
export const baseRefs = (taskId: string): string => `refs/yard/base/${taskId}`;
