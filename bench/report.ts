import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Benchmark } from './benchmark.ts';
import { makeLargeYard } from './large-yard.ts';
import { inTurn, median } from './measure.ts';
import { environment, YARD } from './program.ts';

const ROUNDS = 9;
const EVENTS = 100_000;
const BOUND_MS = 1_000;
const TASKS = 5_000;

/** `yard report` and `yard metrics` over a long history, all of it in the time that is asked for. */
export const report: Benchmark = {
  name: 'report',
  about:
    '`yard report` and `yard metrics` over 100,000 events (5,000 tasks, most of them landed), built, compile cache warm.',
  run: async ({ directory, rounds, tasks }) => {
    const state = join(directory, 'state');
    mkdirSync(state);
    const yard = await makeLargeYard({ directory, state, tasks: tasks ?? TASKS, running: 8 });
    fill(join(state, 'state.db'));
    const commands = [
      ['report', '--since', '0'],
      ['report', '--since', '0', '--json'],
      ['metrics', '--prometheus'],
      ['report', '--since', String(EVENTS - 100)],
    ];
    const all = inTurn(
      rounds ?? ROUNDS,
      commands.map((args) => [...YARD, ...args]),
      { cwd: yard.repository, env: environment(state) },
    );
    return commands.map((args, index) => ({
      what: `yard ${args.join(' ')}`,
      value: median(all[index]?.wallMs ?? []),
      unit: 'ms',
      atMost: BOUND_MS,
      note: `${all[index]?.stdoutBytes ?? 0} bytes`,
    }));
  },
};

/** A history as tasks make it that land at their second attempt: of each all events, up to the wanted number. */
function fill(file: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('begin immediate');
    const add = db.prepare('insert into events (at_ms, task_id, attempt, type, data) values (?, ?, ?, ?, ?)');
    const ids = db.prepare('select id from tasks order by id').all() as { readonly id: string }[];
    const { count } = db.prepare('select count(*) as count from events').get() as { readonly count: number };
    let left = EVENTS - count;
    let atMs = Date.now() - left;
    for (let round = 0; left > 0; round += 1) {
      const id = ids[round % ids.length]?.id ?? '';
      for (const [attempt, type, data] of LIFE.slice(0, left)) {
        add.run((atMs += 1), id, attempt, type, JSON.stringify(data));
        left -= 1;
      }
    }
    db.exec('commit');
  } finally {
    db.close();
  }
}

type Step = readonly [attempt: number, type: string, data: object];

const PHASES = ['implementing', 'collecting', 'gating', 'auditing', 'deciding'];
const RED = { kind: 'gate-red', head: 'a'.repeat(40), summary: 'two tests fail', logTail: 'x'.repeat(400) };

function attemptOf(attempt: number, outcome: object, end: readonly Step[]): Step[] {
  const phases = PHASES.map((phase): Step => [attempt, 'attempt.phase', { phase, from: 'preparing' }]);
  const leased: Step = [attempt, 'task.leased', { attempt, from: 'ready', to: 'running' }];
  return [leased, ...phases, [attempt, 'attempt.finished', { outcome }], ...end];
}

const LIFE: readonly Step[] = [
  ...attemptOf(1, RED, [[1, 'task.product-failure', { why: 'the gate is red', from: 'running', to: 'ready' }]]),
  ...attemptOf(2, { kind: 'accepted', head: 'a'.repeat(40) }, [
    [2, 'task.accepted', { from: 'running', to: 'accepted' }],
    [2, 'task.boarded', { from: 'accepted', to: 'landing' }],
    [2, 'task.sealed', { from: 'landing', to: 'landing' }],
    [2, 'landing.opened', { intentId: 1 }],
    [2, 'landing.closed', { intentId: 1, result: { kind: 'landed' } }],
    [2, 'task.landed', { commit: 'a'.repeat(40), from: 'landing', to: 'landed' }],
  ]),
];
