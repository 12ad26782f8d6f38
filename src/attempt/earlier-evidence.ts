import { readFileBeneath } from '../process/file.ts';
import { evidenceDirectory } from './evidence-directory.ts';
import type { AttemptContext } from './attempt-context.ts';

const BYTES_MAX = 64 * 1024;

/**
 * The JSON of a file that an attempt before this one left; null where there is none, or no JSON. An agent without a
 * sandbox can write there: what comes is to be checked like anything of an agent's.
 */
export async function readEarlierJson(
  { stateDirectory, taskId }: Pick<AttemptContext, 'stateDirectory' | 'taskId'>,
  attempt: number,
  name: string,
): Promise<unknown> {
  const directory = evidenceDirectory(stateDirectory, taskId, attempt);
  const file = await readFileBeneath(directory, name, { maxBytes: BYTES_MAX });
  if (file.kind !== 'ok') return null;
  try {
    return JSON.parse(file.data.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
