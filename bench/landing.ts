import { mkdirSync, writeFileSync, chmodSync, readFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';

import { formatTaskFile } from '../src/config/task-file-writer.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { eventTimes } from './event-times.ts';
import { inTurn, median, medianRatio, run, runCounted } from './measure.ts';
import type { Sample } from './measure.ts';
import { BARE, environment, WORKER, YARD } from './program.ts';
import { configText, git, makeProject } from './project.ts';

const TASKS = 50;
const JOBS = 8;
const ROUNDS = 5;
const RATIO = 3;
const TARGET = 'agent/integration';
const STARTS = 15;

/** As little as an agent can do: one new line in one new file. */
const AGENT = 'echo done > "made-by-$YARD_TASK_ID.txt"';

/** The yard against a plain shell script that lands the same tasks. */
export const landing: Benchmark = {
  name: 'landing',
  about:
    `${TASKS} independent tasks, an agent that writes one file, the gate \`true\`, ${JOBS} at once; beside a shell script ` +
    `(bench/land-by-shell.sh) that does the same work, and beside one that does the least.`,
  run: ({ directory, rounds, tasks }) => {
    const bench = new LandingBench(directory, tasks ?? TASKS);
    const [yard, all, least]: [Sample[], Sample[], Sample[]] = [[], [], []];
    for (let round = 0; round < (rounds ?? ROUNDS); round += 1) {
      yard.push(bench.byYard(`yard-${round}`));
      all.push(bench.byShell(`all-${round}`, 'all'));
      least.push(bench.byShell(`least-${round}`, 'least'));
    }
    return [
      ...bench.perTask('yard', yard),
      ...bench.perTask('shell, the same work', all),
      ...bench.perTask('shell, the least', least),
      ...compare('yard over shell, the same work', yard, all),
      ...compare('yard over shell, the least', yard, least),
      ...bench.breakdown(),
    ];
  },
};

class LandingBench {
  readonly #directory: string;
  readonly #tasks: number;
  readonly #template: string;

  constructor(directory: string, tasks: number) {
    this.#directory = directory;
    this.#tasks = tasks;
    this.#template = join(directory, 'template');
    const files: Record<string, string> = { '.yard/config.yaml': configText({ agent: AGENT, concurrent: JOBS }) };
    for (let number = 1; number <= tasks; number += 1) {
      const id = `TASK-${String(number).padStart(4, '0')}`;
      files[`.yard/tasks/${id}-write.md`] = taskFile(id);
    }
    makeProject(this.#template, files);
  }

  byYard(name: string, extra: Readonly<Record<string, string>> = {}): Sample {
    const { repository, work } = this.#place(name);
    const env = { ...environment(join(work, 'state')), ...extra };
    const sample = runCounted([...YARD, 'run'], { cwd: repository, env });
    this.#check(repository);
    return sample;
  }

  byShell(name: string, mode: 'all' | 'least'): Sample {
    const { repository, work } = this.#place(name);
    const script = join(import.meta.dirname, 'land-by-shell.sh');
    const command = ['/bin/sh', script, repository, work, String(this.#tasks), String(JOBS), mode];
    const env = { ...environment(work), BENCH_AGENT: AGENT };
    const sample = runCounted(command, { cwd: repository, env });
    this.#check(mode === 'all' ? repository : join(work, 'depot.git'));
    return sample;
  }

  perTask(who: string, samples: readonly Sample[]): Figure[] {
    const wallMs = median(samples.map((sample) => sample.wallMs)) / this.#tasks;
    const cpuMs = median(samples.map((sample) => sample.cpuMs)) / this.#tasks;
    return [
      { what: `${who}, wall time per landed task`, value: wallMs, unit: 'ms' },
      { what: `${who}, processor time per landed task`, value: cpuMs, unit: 'ms' },
    ];
  }

  /** Where the yard's time goes. Measured apart from the comparison: counting costs time itself. */
  breakdown(): Figure[] {
    const work = join(this.#directory, 'counted');
    const log = join(this.#directory, 'git.log');
    const shims = this.#countingGit(log);
    this.byYard('counted', { PATH: `${shims}:${process.env['PATH'] ?? ''}` });
    const calls = readFileSync(log, 'utf8').trim().split('\n');
    const byCommand = Map.groupBy(calls, (call) => call);
    const most = [...byCommand].map(([name, { length }]) => [name, length / this.#tasks] as const);
    const state = join(work, 'state');
    const stale = [
      ...WORKER,
      'attempt',
      state,
      'TASK-0001',
      '1',
      '999',
      readFileSync(join(state, 'current-pin'), 'utf8'),
    ];
    const [bare, worker] = inTurn(STARTS, [BARE, ['/bin/sh', '-c', '"$@"; exit 0', 'sh', ...stale]], {
      cwd: work,
      env: environment(state),
    });
    return [
      {
        what: 'git processes per landed task',
        value: calls.length / this.#tasks,
        unit: '',
        note: most
          .toSorted(([, a], [, b]) => b - a)
          .map(([name, count]) => `${name} ${count.toFixed(1)}`)
          .join(', '),
      },
      {
        what: 'an attempt process alone',
        value: median(worker?.wallMs ?? []),
        unit: 'ms',
        note: 'start, store, claim, exit',
      },
      { what: 'node -e 0', value: median(bare?.wallMs ?? []), unit: 'ms' },
      ...eventTimes(join(state, 'state.db')),
    ];
  }

  #place(name: string): { repository: string; work: string } {
    const work = join(this.#directory, name);
    const repository = join(work, 'repository');
    mkdirSync(work);
    cpSync(this.#template, repository, { recursive: true });
    return { repository, work };
  }

  #check(repository: string): void {
    const landed = Number(git(repository, 'rev-list', '--count', '--merges', '--first-parent', TARGET));
    const files = git(repository, 'ls-tree', '--name-only', TARGET).split('\n');
    const made = files.filter((name) => name.startsWith('made-by-')).length;
    if (landed !== this.#tasks || made !== this.#tasks) throw new Error(`${landed} landed, ${made} files`);
  }

  /** A directory with a `git` that writes down what it is called for. */
  #countingGit(log: string): string {
    const shims = join(this.#directory, 'shims');
    const real = run(['/bin/sh', '-c', 'command -v git'], { cwd: '/', env: environment('/') }).stdout.trim();
    mkdirSync(shims);
    const skipOptions = 'shift_past() { while [ "$1" = -c ]; do shift 2; done; echo "$1"; }';
    writeFileSync(join(shims, 'git'), `#!/bin/sh\n${skipOptions}\nshift_past "$@" >> '${log}'\nexec '${real}' "$@"\n`);
    chmodSync(join(shims, 'git'), 0o755);
    return shims;
  }
}

function taskFile(id: string): string {
  return formatTaskFile({
    id,
    title: `Write the file of ${id}`,
    area: null,
    objective: `Write made-by-${id}.txt.`,
    acceptance: ['the file is there'],
    context: '',
    owns: [`made-by-${id}.txt`],
    forbids: [],
    after: [],
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
  });
}

function compare(what: string, of: readonly Sample[], over: readonly Sample[]): Figure[] {
  const wallMs = (sample: Sample): number => sample.wallMs;
  const cpuMs = (sample: Sample): number => sample.cpuMs;
  return [
    { what: `${what}, wall time`, value: medianRatio(of.map(wallMs), over.map(wallMs)), unit: '×', atMost: RATIO },
    { what: `${what}, processor time`, value: medianRatio(of.map(cpuMs), over.map(cpuMs)), unit: '×' },
  ];
}
