import { createInterface } from 'node:readline/promises';

/** Asks on the terminal; the question goes to stderr, so that stdout stays the result. Empty: what is proposed. */
export async function ask(stdin: NodeJS.ReadStream, question: string, proposal = ''): Promise<string> {
  const lines = createInterface({ input: stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question}${proposal === '' ? '' : ` [${proposal}]`}: `);
    return answer.trim() === '' ? proposal : answer.trim();
  } finally {
    lines.close();
  }
}

/** One line after the other, until an empty one. */
export async function askList(stdin: NodeJS.ReadStream, question: string): Promise<string[]> {
  const answers: string[] = [];
  for (;;) {
    const answer = await ask(stdin, answers.length === 0 ? question : 'another (empty to end)');
    if (answer === '') return answers;
    answers.push(answer);
  }
}
