import type { StartedProcess } from '../process/run.ts';
import { git } from './git.ts';
import type { GitCall } from './git.ts';

export interface RefSwap {
  /** Full name. */
  readonly ref: string;
  readonly from: string;
  readonly to: string;
  /** For the reflog. */
  readonly reason: string;
  /** Asked once git holds the ref's lock and has found it at `from`; where it throws, nothing is changed. */
  readonly whileLocked: () => Promise<void>;
}

/**
 * Moves a ref by compare-and-swap, with a question in between (git-update-ref(1), `prepare` and `commit`): nobody else
 * can move the ref between the answer and the change.
 *
 * @throws GitError when git refuses, and what `whileLocked` throws.
 */
export async function swapRef({ ref, from, to, reason, whileLocked }: RefSwap, call: GitCall): Promise<void> {
  let refusal: { readonly error: unknown } | null = null;
  let started: StartedProcess | null = null;
  let answers = '';
  let isAsked = false;
  const ask = async (io: StartedProcess): Promise<void> => {
    try {
      await whileLocked();
      io.write('commit\n');
    } catch (error) {
      refusal = { error };
      io.write('abort\n');
    }
    io.endInput();
  };
  await git(['update-ref', '--no-deref', '-m', reason, '--stdin'], {
    ...call,
    dialogue: {
      started: (io) => {
        started = io;
        io.write(`start\nupdate ${ref} ${to} ${from}\nprepare\n`);
      },
      output: (text) => {
        answers += text;
        if (isAsked || started === null || !answers.includes('prepare: ok\n')) return;
        isAsked = true;
        void ask(started);
      },
    },
  });
  if (refusal !== null) throw (refusal as { readonly error: unknown }).error;
}
