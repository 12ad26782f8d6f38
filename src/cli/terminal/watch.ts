import { setTimeout as delay } from 'node:timers/promises';

import { inert } from '../../core/inert.ts';
import { cutTo } from './columns.ts';
import { EXIT } from '../context.ts';
import { Interrupt } from './interrupt.ts';
import type { Output } from './output.ts';

/*
 * A view that is drawn again in place until Ctrl-C, on a screen of its own, so that what stood on the terminal before
 * comes back. Invariants:
 * 1. However it ends, the terminal is as it was: its own screen, a visible cursor, lines that wrap.
 * 2. A frame never has more rows than the terminal, and leaves the last column free: what clears the rest of a line
 *    would clear the character there. After a change of size the terminal wraps none of the old lines.
 * 3. A frame is written at once, over the last one, and nothing is cleared before: nothing flickers.
 */

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Shows what `look` says for a width, each `everyMs` and whenever the terminal changes its size. */
export async function watch(
  output: Output,
  look: (width: number) => Promise<readonly string[]>,
  everyMs: number,
): Promise<void> {
  const interrupt = new Interrupt(() => process.exit(EXIT.ok));
  const leave = (): void => output.write(LEAVE);
  // Also where the process is ended in the midst of a look.
  process.once('exit', leave);
  let resized = new AbortController();
  const stopListening = output.onResize(() => resized.abort());
  let lines: readonly string[] = [];
  try {
    output.write(ENTER);
    while (!interrupt.signal.aborted && !output.isClosed) {
      const room = output.width - 1;
      lines = (await look(room)).map((line) => cutTo(inert(line), room));
      output.write(frameOf(lines, output.height));
      await pause(everyMs, AbortSignal.any([interrupt.signal, resized.signal]));
      if (resized.signal.aborted) resized = new AbortController();
    }
  } finally {
    stopListening();
    interrupt.dispose();
    process.off('exit', leave);
    leave();
  }
  // What was seen last stays to be read.
  output.lines(fitted(lines, output.height - 1));
}

/** A frame as it is written. Exported for its test. */
export function frameOf(lines: readonly string[], height: number): string {
  const rows = fitted(lines, height).map((line) => `${line}${CLEAR_LINE}`);
  // No line feed after the last row: it would scroll.
  return `${HOME}${rows.join('\r\n')}${CLEAR_BELOW}`;
}

function fitted(lines: readonly string[], height: number): readonly string[] {
  if (lines.length <= height) return lines;
  const shown = Math.max(0, height - 1);
  return [...lines.slice(0, shown), `… ${lines.length - shown} more lines`];
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    // It was cut short.
    if (!signal.aborted) throw error;
  }
}
