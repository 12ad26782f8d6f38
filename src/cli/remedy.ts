import type { AttemptOutcome } from '../core/attempt.ts';
import { inertLine } from '../core/inert.ts';
import { shellWord } from '../core/shell-word.ts';

const PATHS_MAX = 5;

/** What a person can change about a task that is parked, before they put it back; null: nothing that is known. */
export function remedyFor(id: string, outcome: AttemptOutcome | null): string | null {
  if (outcome === null) return null;
  switch (outcome.kind) {
    case 'scope': {
      const outside = outcome.violations.filter(({ why }) => why === 'outside').map(({ path }) => path);
      if (outside.length === 0 || outside.length > PATHS_MAX) return `change its scope with: yard edit ${id}`;
      const options = outside.map((path) => `--add-owns ${shellWord(inertLine(path, 200))}`).join(' ');
      return `or let it, first: yard edit ${id} ${options}`;
    }
    case 'gate-red':
    case 'audit-needs-fix':
    case 'no-change':
    case 'no-packet':
      return `look with: yard logs ${id}; say it in other words with: yard edit ${id}, or replace it: yard supersede ${id} "…"`;
    default:
      return null;
  }
}
