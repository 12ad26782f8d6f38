/** Words after which the interpreter says no more: whoever reads only the last line learns its version. */
const RUNTIME = /^(?:Node\.js v|Bun v)\d/;
/** Below a JavaScript error: its stack, and the properties that it has. */
const STACK = /^\s+at \S/;
/** Points at the place in the source; the error stands below. */
const CARET = /^\s*\^+\s*$/;
const PANIC = /^thread '.*' (?:\(\d+\) )?panicked at /;
const GO_PANIC = /^(?:panic|fatal error): /;
const GO_STACK = /^goroutine \d+ /;
const TRACEBACK = /^Traceback \(most recent call last\):$/;
const ERROR_NAME = /^(?:Uncaught )?[\w.$]*(?:Error|Exception)\b/;
/** What a crash is still followed by: a wrapper's own word, an exit status. */
const AFTER_MAX = 3;

/**
 * The line of a program's last output that tells why it ended: that of an uncaught error where it ends with one, else its
 * last. Empty where it said nothing.
 */
export function crashCause(output: string): string {
  const lines = output.split(/\r\n|\r|\n/).map((line) => line.trimEnd());
  const cause = ofRust(lines) ?? ofGo(lines) ?? ofJavaScript(lines) ?? ofPython(lines);
  return (cause ?? lines.findLast((line) => line !== '') ?? '').trim();
}

function ofJavaScript(lines: readonly string[]): string | null {
  const end = lines.findLastIndex((line) => line !== '');
  const stack = lines.findLastIndex((line) => STACK.test(line));
  const isEnded = RUNTIME.test(lines[end] ?? '');
  if (!isEnded && (stack === -1 || !isBelowStack(lines.slice(stack + 1)))) return null;
  const caret = lines.findLastIndex((line) => CARET.test(line));
  if (isEnded && caret !== -1) return lines.slice(caret + 1).find((line) => line !== '') ?? null;
  const top = stack === -1 ? end : stack;
  // A cause of the error, indented, has a stack of its own.
  const named = lines.slice(0, top).findLast((line) => ERROR_NAME.test(line));
  return named ?? lines.slice(0, top).findLast((line) => line !== '' && !STACK.test(line)) ?? null;
}

/** Nothing but the properties of the error, and what closes them. */
function isBelowStack(lines: readonly string[]): boolean {
  return lines.every((line) => line === '' || /^\s+\S/.test(line) || /^[\]})]+[,;]?$/.test(line));
}

/** Newer ones say the reason in the line below the place. */
function ofRust(lines: readonly string[]): string | null {
  const at = lines.findLastIndex((line) => PANIC.test(line));
  if (at === -1) return null;
  const below = lines.slice(at + 1);
  const rest = below.filter((line) => line !== '' && !/^(?:note: |stack backtrace:|\s+\S)/.test(line));
  if (rest.length > AFTER_MAX) return null;
  const [reason = ''] = below;
  const isSaid = /panicked at ['"]/.test(lines[at] ?? '') || reason === '' || reason.startsWith('note: ');
  return isSaid ? (lines[at] ?? null) : `${lines[at]} ${reason.trim()}`;
}

function ofGo(lines: readonly string[]): string | null {
  const stack = lines.findIndex((line) => GO_STACK.test(line));
  if (stack === -1) return null;
  return lines.slice(0, stack).findLast((line) => GO_PANIC.test(line)) ?? null;
}

function ofPython(lines: readonly string[]): string | null {
  const head = lines.findLastIndex((line) => TRACEBACK.test(line));
  if (head === -1) return null;
  const at = lines.findIndex((line, index) => index > head && /^\S/.test(line));
  if (at === -1) return null;
  const after = lines.slice(at + 1).filter((line) => line !== '');
  return after.length > AFTER_MAX ? null : (lines[at] ?? null);
}
