import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { CHANGING, QUICK, sweepGitKills, whyNoStrace } from './git-kills.ts';

/** All of it takes an hour; a slice of it takes seconds. */
const ALL = process.env['YARD_FAULTS'] === 'all';
const why = whyNoStrace();

test.skipIf(why !== null)(
  `git is killed at its system calls, and our code goes on from there${why === null ? '' : ` (${why})`}`,
  { timeout: ALL ? 7_200_000 : 300_000 },
  async () => {
    const base = await useTemporaryDirectory('git-kills');
    const { kills, problems } = await sweepGitKills({
      base,
      syscalls: ALL ? CHANGING : QUICK,
      stride: ALL ? 1 : 4,
    });
    expect(problems).toEqual([]);
    // Each of them was killed somewhere.
    expect(Object.entries(kills).filter(([, count]) => count === 0)).toEqual([]);
  },
);
