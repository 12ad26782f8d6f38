/**
 * Path patterns: what a task owns, what it must not touch, what is protected.
 *
 * A pattern is a relative path with `/`. `*` and `?` match within one segment, `**` any number of segments, `{a,b}`
 * alternatives. Everything else is literal, brackets included (`app/[id]/page.tsx` is a file of many projects).
 * A pattern without wildcards names a file, or a directory with all that is below it.
 */

/** A pattern without braces: its segments, and whether all below what it names belongs to it. */
interface Alternative {
  readonly segments: readonly string[];
  /** The same segments as a file system may see them. */
  readonly folded: readonly Folded[];
  readonly below: boolean;
}

export interface Pattern {
  readonly text: string;
  readonly alternatives: readonly Alternative[];
}

export type PatternResult =
  | { readonly kind: 'ok'; readonly pattern: Pattern }
  | { readonly kind: 'bad'; readonly why: string };

const PATTERN_LENGTH_MAX = 500;
const ALTERNATIVES_MAX = 64;
/** Of all alternatives together: comparing two patterns costs the product of theirs. */
const ALTERNATIVES_LENGTH_MAX = 8_000;

/** Plain names of letters, digits, `_` and `-`, dots within them: most patterns, and nothing to be found wrong. */
const PLAIN_PATH = /^\w[\w.-]*(?:\/\w[\w.-]*)*$/;

/** True for a pattern that names one file or directory and nothing else, and that cannot be wrong. */
export function isPlainPath(text: string): boolean {
  return text.length <= PATTERN_LENGTH_MAX && PLAIN_PATH.test(text);
}

/** Reads a pattern; `why` completes the sentence "the pattern …". */
export function parsePattern(text: string): PatternResult {
  const bad = (why: string): PatternResult => ({ kind: 'bad', why });
  if (isPlainPath(text)) {
    const folded = text
      .toLowerCase()
      .split('/')
      .map((segment) => ({ text: segment, exact: true }));
    return { kind: 'ok', pattern: { text, alternatives: [{ segments: text.split('/'), folded, below: true }] } };
  }
  if (text.trim() === '') return bad('is empty');
  if (text.length > PATTERN_LENGTH_MAX) return bad(`is longer than ${PATTERN_LENGTH_MAX} characters`);
  if (hasControlCharacter(text)) return bad('has a control character');
  if (text.includes('\\')) return bad('has a backslash; separate segments with /');
  if (text.startsWith('/') || /^[A-Za-z]:/.test(text))
    return bad('is absolute; patterns are relative to the repository');
  if (text.startsWith('!')) return bad('is negated; say what is forbidden in forbids');
  const expanded = expandBraces(text);
  if (expanded === null) return bad('has braces that do not match');
  if (expanded.length > ALTERNATIVES_MAX) return bad(`has more than ${ALTERNATIVES_MAX} alternatives`);
  if (expanded.join('').length > ALTERNATIVES_LENGTH_MAX) return bad('is too long with its alternatives written out');
  const alternatives: Alternative[] = [];
  for (const one of expanded) {
    if (one === '') return bad('has an empty alternative, which would be the whole repository');
    const trimmed = one.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const segments = trimmed === '.' || trimmed === '' ? ['**'] : trimmed.split('/');
    if (segments.includes('..')) return bad('leads out of the repository');
    if (segments.includes('') || segments.includes('.')) return bad('has an empty segment');
    const directory = one.endsWith('/');
    alternatives.push({ segments, folded: segments.map(fold), below: directory || !segments.some(isWild) });
  }
  return { kind: 'ok', pattern: { text, alternatives } };
}

/** Reads patterns that were checked before; throws for one that was not. */
export function parsePatterns(texts: readonly string[]): Pattern[] {
  return texts.map((text) => {
    const result = parsePattern(text);
    if (result.kind === 'bad') throw new Error(`the pattern ${JSON.stringify(text)} ${result.why}`);
    return result.pattern;
  });
}

/** True when the path (relative, `/`) belongs to the pattern. */
export function matches(pattern: Pattern, path: string): boolean {
  const segments = path.split('/');
  return pattern.alternatives.some((alternative) => matchSegments(alternative, segments));
}

/**
 * As {@link matches}, but true also for a path that some file system would take for one of the pattern: `.YARD/x` is
 * `.yard/x` on the operator's Mac. For what must not be touched, not for what may be.
 */
export function mayMatch(pattern: Pattern, path: string): boolean {
  const { text, exact } = fold(path);
  return pattern.alternatives.some(({ folded, below }) =>
    matchSegments({ segments: folded.map((segment) => widened(segment, exact)), below }, text.split('/')),
  );
}

/**
 * True when a path of the one and a path of the other can be the same, or one an ancestor of the other: decided on
 * the patterns, whatever files exist, without regard to case and accents, and erring towards overlap.
 */
export function overlaps(a: Pattern, b: Pattern): boolean {
  return a.alternatives.some((left) => b.alternatives.some((right) => meet(left.folded, right.folded)));
}

/** The literal segments that every path of the pattern starts with, folded; an index may prune by them. */
export function literalPrefixes(pattern: Pattern): string[][] {
  return pattern.alternatives.map(({ folded }) => {
    const wild = folded.findIndex(({ text }) => isWild(text));
    return (wild === -1 ? folded : folded.slice(0, wild)).map(({ text }) => text);
  });
}

/** A segment or path as file systems without regard to case, composition and invisible characters compare it. */
interface Folded {
  readonly text: string;
  /** Each of its characters stands for exactly one of the original. */
  readonly exact: boolean;
}

/** Character by character, so that folding the parts of a pattern is folding the whole. */
function fold(segment: string): Folded {
  if (!/[^ -~]/.test(segment)) return { text: segment.toLowerCase(), exact: true };
  const text = Array.from(segment, (character) =>
    character
      .normalize('NFD')
      .replace(/[\p{M}\p{Cf}]/gu, '')
      .toUpperCase()
      .toLowerCase(),
  );
  return { text: text.join(''), exact: false };
}

/** Where one character may have become none or two, `?` is as wide as `*`. */
function widened(segment: Folded, otherIsExact: boolean): string {
  return segment.exact && otherIsExact ? segment.text : segment.text.replaceAll('?', '*');
}

function isWild(segment: string): boolean {
  return segment.includes('*') || segment.includes('?');
}

function hasControlCharacter(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function expandBraces(text: string): string[] | null {
  const open = text.indexOf('{');
  if (open === -1) return text.includes('}') ? null : [text];
  let depth = 0;
  const cuts: number[] = [open];
  for (let at = open; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{') depth += 1;
    else if (character === ',' && depth === 1) cuts.push(at);
    else if (character === '}' && --depth === 0) {
      cuts.push(at);
      return combine(text, open, at, cuts);
    }
  }
  return null;
}

function combine(text: string, open: number, close: number, cuts: readonly number[]): string[] | null {
  const out: string[] = [];
  for (let index = 0; index + 1 < cuts.length; index += 1) {
    const choice = text.slice((cuts[index] ?? 0) + 1, cuts[index + 1]);
    const expanded = expandBraces(text.slice(0, open) + choice + text.slice(close + 1));
    if (expanded === null) return null;
    out.push(...expanded);
    if (out.length > ALTERNATIVES_MAX) return out;
  }
  return out;
}

/** Does the alternative cover the path? Dynamic programming over (segment of the pattern, segment of the path). */
function matchSegments({ segments, below }: Pick<Alternative, 'segments' | 'below'>, path: readonly string[]): boolean {
  let reached = new Set([0]);
  for (let at = 0; at <= path.length; at += 1) {
    spreadOverDoubleStars(reached, segments);
    if (reached.has(segments.length) && (at === path.length || below)) return true;
    const segment = path[at];
    if (segment === undefined) return false;
    const next = new Set<number>();
    for (const index of reached) {
      const wanted = segments[index];
      if (wanted === undefined) continue;
      if (wanted === '**') next.add(index);
      else if (matchSegment(wanted, segment)) next.add(index + 1);
    }
    reached = next;
    if (reached.size === 0) return false;
  }
  return false;
}

function spreadOverDoubleStars(reached: Set<number>, segments: readonly string[]): void {
  for (const index of reached) if (segments[index] === '**') reached.add(index + 1);
}

/** `*` and `?` against one segment. Only the last `*` is ever tried again, so the cost is a product, never a power. */
function matchSegment(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let mark = 0;
  for (let index = 0; index < text.length;) {
    const wanted = pattern[at];
    if (wanted === '*') {
      star = at;
      mark = index;
      at += 1;
    } else if (wanted === '?' || wanted === text[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      index = mark;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/** Can some path of the one be the same as, or lie above or below, some path of the other? */
function meet(a: readonly Folded[], b: readonly Folded[]): boolean {
  const seen = new Set<number>();
  const visit = (i: number, j: number): boolean => {
    // One of them is used up: what it names may be a directory that holds the rest of the other.
    if (i >= a.length || j >= b.length) return true;
    const key = i * (b.length + 1) + j;
    if (seen.has(key)) return false;
    seen.add(key);
    const left = a[i] as Folded;
    const right = b[j] as Folded;
    if (left.text === '**') return visit(i + 1, j) || visit(i, j + 1);
    if (right.text === '**') return visit(i, j + 1) || visit(i + 1, j);
    return segmentsMeet(widened(left, right.exact), widened(right, left.exact)) && visit(i + 1, j + 1);
  };
  return visit(0, 0);
}

/** Is there a segment that both match? Dynamic programming over the two wildcard strings. */
function segmentsMeet(a: string, b: string): boolean {
  if (!isWild(a) && !isWild(b)) return a === b;
  const width = b.length + 1;
  const seen = new Uint8Array((a.length + 1) * width);
  const stack: [number, number][] = [[0, 0]];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [i, j] = top;
    if (i === a.length && j === b.length) return true;
    if (seen[i * width + j] === 1) continue;
    seen[i * width + j] = 1;
    const left = a[i];
    const right = b[j];
    if (left === '*') {
      stack.push([i + 1, j]);
      if (right !== undefined) stack.push([i, j + 1]);
    }
    if (right === '*') {
      stack.push([i, j + 1]);
      if (left !== undefined) stack.push([i + 1, j]);
    }
    if (left === undefined || right === undefined || left === '*' || right === '*') continue;
    if (left === right || left === '?' || right === '?') stack.push([i + 1, j + 1]);
  }
  return false;
}
