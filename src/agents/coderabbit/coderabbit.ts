import type { Adapter } from '../program/adapter.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';

/** Where its login is, below a home: it knows no variable for another place. */
const LOGIN = '.coderabbit/auth.json';

/** CodeRabbit: it reviews what has changed since the base, and takes no prompt. `coderabbit:committed` names what of it. */
export const CODERABBIT: Adapter = {
  kind: 'coderabbit',
  program: 'coderabbit',
  install: 'https://docs.coderabbit.ai/cli',
  proven: 'recorded',
  protocol: () => 'plain',
  capabilities: () => ({
    resume: false,
    tools: null,
    schema: false,
    cost: null,
    interrupt: 'signal',
    steer: false,
    reviewOnly: true,
  }),
  login: [{ from: LOGIN, to: LOGIN }],
  keys: ['CODERABBIT_API_KEY'],
  logIn: 'coderabbit auth login',
  needsLogin: true,
  invoke: ({ home, baseCommit }, { model }, program) => ({
    argv: [
      '/usr/bin/env',
      `HOME=${home}`,
      ...program,
      'review',
      '--plain',
      '--no-color',
      '--type',
      model ?? 'all',
      '--base-commit',
      baseCommit,
    ],
    env: {},
    input: '',
    held: false,
    home: [],
    protocol: new PlainReview(),
  }),
};

/** What it prints is the review, line by line; it never says that a task is done. */
class PlainReview implements Protocol {
  #emit: Emit = () => undefined;

  begin(_io: ProgramIo, emit: Emit): void {
    this.#emit = emit;
  }

  stdout(line: string): void {
    if (line.trim() !== '') this.#emit({ kind: 'text', text: line });
  }

  judge({ code }: ProgramExit): Judgement {
    if (code === 0) return { kind: 'ended', message: null };
    return { kind: 'failed', why: `coderabbit ended with exit code ${code ?? 'none'}` };
  }
}
