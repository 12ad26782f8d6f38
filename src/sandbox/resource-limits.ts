import { SYSTEM_PATH } from '../process/environment.ts';
import { findProgram } from '../process/find-program.ts';

export interface ResourceLimits {
  /** Null: not bounded here. */
  readonly processes: number | null;
  readonly fileBytes: number;
  readonly nice: number;
}

/**
 * The words to put before a command, so that the system bounds it and all its children. `prlimit` and `nice` take each
 * other's place: there is one process throughout. Nothing where they are missing (macOS has no `prlimit`).
 */
export function resourceLimits({ processes, fileBytes, nice }: ResourceLimits): string[] {
  const words: string[] = [];
  if (findProgram('prlimit', SYSTEM_PATH) !== null) {
    words.push('prlimit', `--fsize=${fileBytes}`, '--core=0');
    if (processes !== null) words.push(`--nproc=${processes}`);
    words.push('--');
  }
  if (nice > 0 && findProgram('nice', SYSTEM_PATH) !== null) words.push('nice', '-n', String(nice), '--');
  return words;
}
