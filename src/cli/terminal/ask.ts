import { createInterface } from 'node:readline/promises';

import { UserError } from '../../core/user-error.ts';
import { EXIT } from '../context.ts';

export interface Question {
  readonly text: string;
  /** What an empty answer means. */
  readonly proposal?: string;
  /** What Ctrl-C or Ctrl-D comes to, such as `nothing was added`. */
  readonly ifInterrupted: string;
}

/**
 * Asks on the terminal; the question goes to stderr, so that stdout stays the result. Empty: what is proposed.
 * @throws UserError `interrupted`.
 */
export async function ask(stdin: NodeJS.ReadStream, { text, proposal = '', ifInterrupted }: Question): Promise<string> {
  const lines = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${text}${proposal === '' ? '' : ` [${proposal}]`}: `);
    return answer.trim() === '' ? proposal : answer.trim();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    // The cursor stands behind the question.
    process.stderr.write('\n');
    throw new UserError({ code: 'interrupted', message: `interrupted; ${ifInterrupted}`, exitCode: EXIT.failed });
  } finally {
    lines.close();
  }
}

/** Asks until there is an answer. @throws UserError `interrupted`. */
export async function askUntilSaid(stdin: NodeJS.ReadStream, question: Question): Promise<string> {
  for (let text = question.text; ; text = `${question.text} (it takes one; Ctrl-C gives up)`) {
    const answer = await ask(stdin, { ...question, text });
    if (answer !== '') return answer;
  }
}

/** One line after the other, until an empty one. @throws UserError `interrupted`. */
export async function askList(stdin: NodeJS.ReadStream, question: Question): Promise<string[]> {
  return askRest(stdin, question, []);
}

/** The same, of a list that must not be empty. @throws UserError `interrupted`. */
export async function askSome(stdin: NodeJS.ReadStream, question: Question): Promise<string[]> {
  return askRest(stdin, question, [await askUntilSaid(stdin, question)]);
}

async function askRest(stdin: NodeJS.ReadStream, question: Question, first: readonly string[]): Promise<string[]> {
  const answers = [...first];
  for (;;) {
    const text = answers.length === 0 ? question.text : 'another (empty to end)';
    const answer = await ask(stdin, { ...question, text });
    if (answer === '') return answers;
    answers.push(answer);
  }
}
