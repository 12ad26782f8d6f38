import type { Conversation } from './conversation.ts';
import { parseScript, type Step, type StepInput } from './step.ts';

/**
 * Reads what the model is to do from one message of the user, or says that it is not in there (null). It is asked about
 * the messages from the last to the first. Steps are told of the whole turn: which of them are done, the server finds out.
 */
export type Script = (prompt: string, conversation: Conversation) => readonly Step[] | null;

// No word of it begins with an @: gemini and qwen would read a file.
const BEGIN = '<<<{';
const END = '}>>>';

/** A script to be put into a prompt, for {@link scriptInPrompt}. */
export function writeScript(steps: readonly StepInput[]): string {
  return `<<<${JSON.stringify({ steps })}>>>`;
}

/**
 * The first `<<<{"steps": […]}>>>` of a message. It may have been escaped on its way, as the inside of a JSON string is.
 * @throws Error when it is no script.
 */
export const scriptInPrompt: Script = (prompt) => {
  const from = prompt.indexOf(BEGIN);
  const to = from === -1 ? -1 : prompt.indexOf(END, from);
  if (to === -1) return null;
  return parseScript(readJson(prompt.slice(from + BEGIN.length - 1, to + 1)));
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError) || !text.includes('\\"')) throw error;
    return JSON.parse(JSON.parse(`"${text}"`) as string);
  }
}
