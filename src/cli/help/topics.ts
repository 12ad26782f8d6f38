import type { CommandContext } from '../context.ts';

/** A page of `yard help` that is about no single command. */
export interface Topic {
  readonly name: string;
  readonly summary: string;
  /** Its lines for a terminal so wide. What makes them is loaded when they are asked for. */
  readonly lines: (width: number) => Promise<readonly string[]>;
}

export const TOPICS: readonly Topic[] = [
  {
    name: 'exit-codes',
    summary: 'what each exit code means',
    lines: async (width) => (await import('./exit-codes.ts')).exitCodeLines(width),
  },
  {
    name: 'states',
    summary: 'the states of a task, and what leads from one to another',
    lines: async (width) => (await import('./states.ts')).stateLines(width),
  },
  {
    name: 'waiting',
    summary: 'each reason why a task waits, and what ends it',
    lines: async (width) => (await import('./waiting.ts')).waitingLines(width),
  },
  {
    name: 'environment',
    summary: 'the variables that are looked at, and those that are set',
    lines: async (width) => (await import('./environment.ts')).environmentLines(width),
  },
];

/** A page on a terminal is read, not scrolled sideways; in a file it is as wide as the terminal of old. */
const WIDTH_MAX = 100;
const WIDTH_OF_A_FILE = 80;

/** How wide pages of text are laid out. */
export function pageWidth({ output }: CommandContext): number {
  return output.isTerminal ? Math.min(output.width, WIDTH_MAX) : WIDTH_OF_A_FILE;
}
