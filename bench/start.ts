import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Benchmark, Figure } from './benchmark.ts';
import { makeLargeYard } from './large-yard.ts';
import { inTurn, median, medianRatio } from './measure.ts';
import { BARE, environment, YARD } from './program.ts';

const ROUNDS = 20;
const START_MS = 100;

/** How long a person waits for a command that does nearly nothing. */
export const start: Benchmark = {
  name: 'start',
  about: 'Commands that a person types while thinking, from start to exit, beside `node -e 0`.',
  run: async ({ directory, rounds, tasks }) => {
    const state = join(directory, 'state');
    mkdirSync(state);
    const yard = await makeLargeYard({ directory, state, tasks: tasks ?? 100, running: 4 });
    const commands = [BARE, [...YARD, '--version'], [...YARD, '--help'], [...YARD, 'why', yard.waiting]];
    const [bare, ...others] = inTurn(rounds ?? ROUNDS, commands, { cwd: yard.repository, env: environment(state) });
    const bareMs = bare?.wallMs ?? [];
    return [
      { what: 'node -e 0', value: median(bareMs), unit: 'ms' },
      ...['--version', '--help', 'why ID'].flatMap((name, index): Figure[] => {
        const wallMs = others[index]?.wallMs ?? [];
        return [
          { what: `yard ${name}`, value: median(wallMs), unit: 'ms', atMost: START_MS },
          { what: `yard ${name}, over node -e 0`, value: medianRatio(wallMs, bareMs), unit: '×' },
        ];
      }),
    ];
  },
};
