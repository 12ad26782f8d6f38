import { escapeLines, type Line } from './markdown.ts';

const ITEM = /^( *)((?:[-*+]|[0-9]{1,9}[.)])[ \t]+)(.*)$/s;
const CHECKBOX = /^\[[ xX]\][ \t]+/;

/**
 * The items of a Markdown list, check boxes taken away; what belongs to an item (lines below it, nested lists, fences)
 * stays with it. A paragraph that stands by itself counts as an item, so that nothing that was written is lost.
 */
export function readItems(lines: readonly Line[]): string[] {
  const items: string[][] = [];
  let listIndent: number | null = null;
  let contentIndent = 0;
  let isAfterBlank = true;
  for (const { text, isFenced } of lines) {
    const match = isFenced ? null : ITEM.exec(text);
    const indent = match?.[1]?.length ?? 0;
    const isParagraph = items.length === 0 || (isAfterBlank && /^\S/.test(text));
    if (match !== null && indent <= (listIndent ?? indent) + 1) {
      listIndent ??= indent;
      contentIndent = indent + Math.min(match[2]?.length ?? 2, 4);
      items.push([(match[3] ?? '').replace(CHECKBOX, '')]);
    } else if (isParagraph && !isFenced) {
      if (text.trim() !== '') items.push([text]);
      contentIndent = 0;
    } else items.at(-1)?.push(text.slice(Math.min(contentIndent, text.search(/[^ ]|$/))));
    isAfterBlank = text.trim() === '';
  }
  return items.map((item) => item.join('\n').trim()).filter((item) => item !== '');
}

/** The items as a list that `readItems` reads back. */
export function formatItems(items: readonly string[]): string {
  return items.map((item) => escapeLines(formatItem(item))).join('\n');
}

function formatItem(item: string): string {
  const [first = '', ...rest] = item.split('\n');
  const head = CHECKBOX.test(first) ? `- [ ] ${first}` : `- ${first}`;
  return [head, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}
