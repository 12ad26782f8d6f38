import { UserError } from '../../core/user-error.ts';

/** For programs that have no word for how hard their model is to think: what is asked for is not left out in silence. */
export function noEffort(name: string, effort: string): UserError {
  return new UserError({
    code: 'no-effort',
    message: `the agent ${name} cannot be told how hard to think (${effort})`,
    hint: 'Leave the effort out of its spec and of its entry under agents in .yard/config.yaml.',
  });
}
