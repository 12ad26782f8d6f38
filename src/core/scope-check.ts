import type { ScopeViolation } from './attempt.ts';
import { matches, mayMatch, parsePatterns } from './scope.ts';

/** The changed paths that a task may not change. `forbids` wins over `owns`; no `owns` means all but `forbids`. */
export function scopeViolations(
  scope: { readonly owns: readonly string[]; readonly forbids: readonly string[] },
  changedPaths: readonly string[],
): ScopeViolation[] {
  const owns = parsePatterns(scope.owns);
  const forbids = parsePatterns(scope.forbids);
  const violations: ScopeViolation[] = [];
  for (const path of changedPaths) {
    if (forbids.some((pattern) => mayMatch(pattern, path))) violations.push({ path, why: 'forbidden' });
    else if (owns.length > 0 && !owns.some((pattern) => matches(pattern, path)))
      violations.push({ path, why: 'outside' });
  }
  return violations;
}

/** The changed paths that wait for a person whatever the task owns. */
export function protectedPaths(protectedPatterns: readonly string[], changedPaths: readonly string[]): string[] {
  const patterns = parsePatterns(protectedPatterns);
  return changedPaths.filter((path) => patterns.some((pattern) => mayMatch(pattern, path)));
}
