import { join } from 'node:path';

/** Where what an attempt was told, did and proved is kept: `evidence.ts` says what is in it. */
export function evidenceDirectory(stateDirectory: string, taskId: string, attempt: number): string {
  return join(stateDirectory, 'attempts', taskId, String(attempt));
}
