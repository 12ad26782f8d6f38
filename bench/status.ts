import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Benchmark, Figure } from './benchmark.ts';
import { makeLargeYard } from './large-yard.ts';
import { inTurn, median, medianRatio } from './measure.ts';
import { BARE, environment, YARD } from './program.ts';

const ROUNDS = 15;
const TASKS = 10_000;
const RATIO = 3;
const BOUND: readonly (readonly string[])[] = [
  ['status'],
  ['why', 'ID'],
  ['next'],
  ['tasks'],
  ['tasks', '--json'],
  ['status', '--json'],
];
/** These tell of all 4,000 open tasks, and why each waits. */
const UNBOUND: readonly (readonly string[])[] = [
  ['why', '--all'],
  ['next', '--explain'],
];

/** What a person types to see how it stands with a large yard. */
export const status: Benchmark = {
  name: 'status',
  about: 'What only looks, at 10,000 tasks (6,000 landed, 64 running), built, compile cache warm, beside `node -e 0`.',
  run: async ({ directory, rounds, tasks }) => {
    const state = join(directory, 'state');
    mkdirSync(state);
    const yard = await makeLargeYard({ directory, state, tasks: tasks ?? TASKS, running: 64 });
    const looks = [...BOUND, ...UNBOUND].map((words) => words.map((word) => (word === 'ID' ? yard.waiting : word)));
    const commands = [BARE, ...looks.map((words) => [...YARD, ...words])];
    const [bare, ...others] = inTurn(rounds ?? ROUNDS, commands, { cwd: yard.repository, env: environment(state) });
    const bareMs = bare?.wallMs ?? [];
    return [
      { what: 'node -e 0', value: median(bareMs), unit: 'ms' },
      ...[...BOUND, ...UNBOUND].flatMap((words, index): Figure[] => {
        const { wallMs, stdoutBytes } = others[index] ?? { wallMs: [], stdoutBytes: 0 };
        const name = `yard ${words.join(' ')}`;
        const ratio = medianRatio(wallMs, bareMs);
        return [
          { what: name, value: median(wallMs), unit: 'ms', note: `${stdoutBytes} bytes` },
          {
            what: `${name}, over node -e 0`,
            value: ratio,
            unit: '×',
            ...(index < BOUND.length ? { atMost: RATIO } : {}),
          },
        ];
      }),
    ];
  },
};
