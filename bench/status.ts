import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Benchmark, Figure } from './benchmark.ts';
import { makeLargeYard } from './large-yard.ts';
import { inTurn, median, medianRatio } from './measure.ts';
import { BARE, environment, YARD } from './program.ts';

const ROUNDS = 15;
const TASKS = 10_000;
const RATIO = 3;

/** `yard status` of a large yard. */
export const status: Benchmark = {
  name: 'status',
  about: '`yard status` at 10,000 tasks (6,000 landed, 64 running), built, compile cache warm, beside `node -e 0`.',
  run: async ({ directory, rounds, tasks }) => {
    const state = join(directory, 'state');
    mkdirSync(state);
    const yard = await makeLargeYard({ directory, state, tasks: tasks ?? TASKS, running: 64 });
    const commands = [BARE, [...YARD, 'status'], [...YARD, 'status', '--json']];
    const [bare, ...others] = inTurn(rounds ?? ROUNDS, commands, { cwd: yard.repository, env: environment(state) });
    const bareMs = bare?.wallMs ?? [];
    return [
      { what: 'node -e 0', value: median(bareMs), unit: 'ms' },
      ...['status', 'status --json'].flatMap((name, index): Figure[] => {
        const { wallMs, stdoutBytes } = others[index] ?? { wallMs: [], stdoutBytes: 0 };
        return [
          { what: `yard ${name}`, value: median(wallMs), unit: 'ms', note: `${stdoutBytes} bytes` },
          { what: `yard ${name}, over node -e 0`, value: medianRatio(wallMs, bareMs), unit: '×', atMost: RATIO },
        ];
      }),
    ];
  },
};
