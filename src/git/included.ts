import { matches, overlaps, parsePattern, parsePatterns } from '../core/scope.ts';
import { toText } from './byte-path.ts';
import type { Change, Refusal, Untracked, Walk } from './walk.ts';

/**
 * Reads those ignored files that patterns name, with what was found so far in `walk` before. Directories are entered
 * only where a pattern can match below them. What cannot be read there counts only where a pattern names it.
 */
export function readIncluded(
  walk: Walk,
  skipped: readonly Untracked[],
  include: readonly string[],
): { readonly changes: Change[]; readonly refused: Refusal[] } {
  if (include.length === 0 || skipped.length === 0) return { changes: [], refused: [...walk.refused] };
  const patterns = parsePatterns(include);
  const isNamed = (path: string): boolean => patterns.some((pattern) => matches(pattern, toText(path)));
  const mayHold = (directory: string): boolean => {
    // A name that is no pattern is looked into: better once too often than once too seldom.
    const own = parsePattern(toText(directory));
    return own.kind === 'bad' || patterns.some((pattern) => overlaps(pattern, own.pattern));
  };
  const known = { changes: walk.changes.length, refused: walk.refused.length };
  for (let level = [...skipped]; level.length > 0;) {
    level = walk.untracked(
      level.filter(({ path, kind }) => (kind === 'directory' ? mayHold(path) : kind !== 'special' && isNamed(path))),
    );
  }
  return {
    changes: walk.changes.slice(known.changes),
    refused: [
      ...walk.refused.slice(0, known.refused),
      ...walk.refused.slice(known.refused).filter(({ path }) => isNamed(path)),
    ],
  };
}
