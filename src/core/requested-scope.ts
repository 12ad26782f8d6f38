import { codeList, fence } from './fence.ts';
import { matches, overlaps, parsePattern } from './scope.ts';
import type { Pattern } from './scope.ts';
import { shellWord } from './shell-word.ts';
import type { TaskSpec } from './task.ts';

/** What becomes of an agent's wish to change more: a question to a person, or a refusal that says what to do. */
export type RequestedScope =
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

/** @param patterns at least one, each inert. */
export function requestedScope(patterns: readonly string[], why: string, task: TaskSpec): RequestedScope {
  const wanted: Pattern[] = [];
  for (const text of patterns) {
    const result = parsePattern(text);
    if (result.kind === 'bad') return refused(`the pattern ${JSON.stringify(text)} ${result.why}`);
    wanted.push(result.pattern);
  }
  const forbidden = read(task.forbids);
  const barred = wanted.filter((pattern) => forbidden.some((one) => overlaps(one, pattern)));
  if (task.owns.length === 0 && barred.length === 0) {
    return refused('you may change any path but the forbidden ones already');
  }
  const owned = wanted.find((pattern) => isIn(pattern, task.owns) && !isIn(pattern, task.forbids));
  if (owned !== undefined) return refused(`you may change ${JSON.stringify(owned.text)} already`);
  return { kind: 'question', text: question(wanted, barred, why, task) };
}

function question(wanted: readonly Pattern[], barred: readonly Pattern[], why: string, { id }: TaskSpec): string {
  const options = wanted.map(({ text }) => ` --add-owns ${shellWord(text)}`).join('');
  const parts = [
    `May this task change more than it owns?\n\n${codeList(wanted.map(({ text }) => text))}`,
    `What the agent says of it:\n\n${fence(why)}`,
    `To allow it: yard edit ${id}${options}, then: yard answer ${id} "yes"`,
  ];
  if (barred.length > 0) {
    const list = codeList(barred.map(({ text }) => text));
    parts.push(
      `The task forbids some of it, which wins until it is taken back (yard edit ${id} --drop-forbids …):\n\n${list}`,
    );
  }
  return parts.join('\n\n');
}

/** True where that is certain: the same pattern, or a plain path that one of them has. */
function isIn(wanted: Pattern, texts: readonly string[]): boolean {
  return read(texts).some(
    (one) => one.text === wanted.text || (!/[*?{]/.test(wanted.text) && matches(one, wanted.text.replace(/\/+$/, ''))),
  );
}

function read(texts: readonly string[]): Pattern[] {
  return texts.flatMap((text) => {
    const result = parsePattern(text);
    return result.kind === 'ok' ? [result.pattern] : [];
  });
}

function refused(why: string): RequestedScope {
  return {
    kind: 'refused',
    why: `It is not taken: ${why}. Go on with your work, or call request_scope with other patterns.`,
  };
}
