import { wrapText } from '../terminal/wrap.ts';

/** What a word means. */
export type Definition = readonly [term: string, meaning: string];

const INDENT = 2;
const GAP = 2;
const TERM_MAX = 28;
const MEANING_MIN = 24;

/** Terms in a column, their meanings wrapped beside them; below them where a term is long, or there is no room. */
export function definitionLines(definitions: readonly Definition[], width: number): string[] {
  const longest = Math.max(0, ...definitions.map(([term]) => (term.length > TERM_MAX ? 0 : term.length)));
  const beside = INDENT + longest + GAP;
  const isNarrow = width - beside < MEANING_MIN;
  const column = isNarrow ? 2 * INDENT : beside;
  return definitions.flatMap(([term, meaning]) => {
    const text = wrapText(meaning, Math.max(1, width - column)).map((line) => `${' '.repeat(column)}${line}`);
    const head = `${' '.repeat(INDENT)}${term}`;
    const [first = '', ...rest] = text;
    return isNarrow || term.length > longest ? [head, ...text] : [head.padEnd(column) + first.trimStart(), ...rest];
  });
}
