import { matches, type Pattern, parsePattern } from '../core/scope.ts';

// Fits no literal part of a pattern, so only wildcards can match it.
const STRANGE = '\u0001';
// More segments than a pattern can name one by one: only `**` can match them.
const DEEP = Array.from({ length: 300 }, () => STRANGE);

/** A file of nothing but long patterns must not keep the yard busy; a real one needs a thousandth of this. */
const WORK_MAX = 2_000_000;

/** The first pair of which the forbidden pattern leaves nothing of the owned one; null when there is none. */
export function findConflict(
  owns: readonly string[],
  forbids: readonly string[],
): { readonly own: string; readonly forbid: string } | null {
  let work = 0;
  for (const forbid of forbids) {
    for (const own of owns) {
      work += forbid.split('/').length * own.split('/').length;
      // What was not compared is still held to its scope when it has run.
      if (work > WORK_MAX) return null;
      if (forbidsAllOf(forbid, own)) return { own, forbid };
    }
  }
  return null;
}

/**
 * True when the forbidden pattern leaves nothing of the owned one, so that the task could change nothing there. A
 * forbidden part of an owned directory is legitimate. Decided on extreme paths of the owned pattern: where its
 * wildcards stand for nothing, and where they stand for more than a literal could.
 */
export function forbidsAllOf(forbidden: string, owned: string): boolean {
  const forbids = parsePattern(forbidden);
  const owns = parsePattern(owned);
  if (forbids.kind === 'bad' || owns.kind === 'bad') return false;
  return owns.pattern.alternatives.every((own) =>
    extremePaths(own, owned.endsWith('/')).every((path) => matches(forbids.pattern, path)),
  );
}

function extremePaths(own: Pattern['alternatives'][number], isDirectory: boolean): string[] {
  const least = own.segments.flatMap((segment) => (segment === '**' ? [] : [fill(segment, '')]));
  const most = own.segments.flatMap((segment) => (segment === '**' ? DEEP : [fill(segment, STRANGE.repeat(9))]));
  const paths = least.length === 0 ? [most] : [least, most];
  // Without wildcards `src/a.ts` is a file as far as one can tell, and `src/a` perhaps a directory.
  const hasBelow = own.below && (isDirectory || !/\.[A-Za-z0-9]+$/.test(own.segments.at(-1) ?? ''));
  if (hasBelow) paths.push([...most, ...DEEP]);
  return paths.map((segments) => segments.join('/'));
}

function fill(segment: string, star: string): string {
  return segment.replaceAll('*', star).replaceAll('?', STRANGE) || STRANGE;
}
