import { constants, openSync } from 'node:fs';

/** Opens a log to append to, private to the operator, and never through a link put in its place. */
export function openLogFile(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  return openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
}
