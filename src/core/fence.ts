import { inert, inertLine } from './inert.ts';

/** Foreign text as a Markdown code block that it cannot close: made inert, in more backticks than it has in a row. */
export function fence(text: string, language = ''): string {
  const body = inert(text);
  const marks = '`'.repeat(Math.max(3, longestRun(body) + 1));
  const info = /^[a-z0-9+-]*$/i.test(language) ? language : '';
  return `${marks}${info}\n${body}${body === '' || body.endsWith('\n') ? '' : '\n'}${marks}`;
}

/** Foreign text as Markdown code within a line, likewise; at most `max` characters of it. */
export function codeSpan(text: string, max = 500): string {
  const body = inertLine(text, max);
  if (body === '') return '(empty)';
  const marks = '`'.repeat(longestRun(body) + 1);
  const gap = body.startsWith('`') || body.endsWith('`') ? ' ' : '';
  return `${marks}${gap}${body}${gap}${marks}`;
}

/** Foreign texts (paths, patterns) as a Markdown list of code spans. */
export function codeList(texts: readonly string[], most = 100): string {
  const lines = texts.slice(0, most).map((text) => `- ${codeSpan(text)}`);
  if (texts.length > most) lines.push(`- and ${texts.length - most} more`);
  return lines.join('\n');
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}
