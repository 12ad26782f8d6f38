import { impossible } from './impossible.ts';
import { inertLine } from './inert.ts';
import { faultOf } from './machine-fault.ts';
import { UserError } from './user-error.ts';

/** For a person, what the machine failed a command with: what happened, what is safe, what to do. Null: it was not that. */
export function machineError(error: unknown): UserError | null {
  const fault = faultOf(error);
  const why = inertLine(error instanceof Error ? error.message : String(error), 500);
  switch (fault) {
    case null:
      return isKilledGit(error) ? gitKilled(error, why) : null;
    case 'disk-full':
      return new UserError({
        code: 'disk-full',
        message: `the disk is full: ${why}`,
        hint: 'Nothing half-done was recorded. Make room (yard gc says what can go), then run the command again.',
        exitCode: 1,
        cause: error,
      });
    case 'exhausted':
      return new UserError({
        code: 'machine-exhausted',
        message: `the machine has no process, file descriptor or memory left for it: ${why}`,
        hint: 'Nothing half-done was recorded. Look at ulimit -a and at what else runs, then run the command again.',
        exitCode: 1,
        cause: error,
      });
    case 'disk-broken':
      return new UserError({
        code: 'disk-broken',
        message: `the disk failed to keep what was written, so this process has stopped: ${why}`,
        hint: 'Nothing that was not synced before is taken for done. Look at the disk and the kernel log, check with: yard doctor, then go on with: yard run',
        exitCode: 1,
        cause: error,
      });
    default:
      throw impossible(fault satisfies never);
  }
}

/** A git that was ended by a signal: it says nothing of us, and another one may do better. */
export function isKilledGit(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('signal' in error)) return false;
  return error.code === 'git-failed' && error.signal !== null;
}

function gitKilled(cause: unknown, why: string): UserError {
  return new UserError({
    code: 'git-killed',
    message: `a git process was killed: ${why}`,
    hint: 'Nothing half-done was recorded. Run the command again.',
    exitCode: 1,
    cause,
  });
}
