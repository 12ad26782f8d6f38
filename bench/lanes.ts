import { appendFileSync, chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Benchmark, Figure } from './benchmark.ts';
import { changeTree, every, makeLargeTree } from './large-tree.ts';
import { median, medianRatio, run } from './measure.ts';
import { environment } from './program.ts';
import { git } from './project.ts';

const ROUNDS = 11;
const SNAPSHOT_OVER_STATUS = 5;
const SLOT_OVER_RESET = 2;

/** Reading a lane and reusing a slot in a large repository, each beside what git does there. */
export const lanes: Benchmark = {
  name: 'lanes',
  about:
    'A repository of 28,000 files. Snapshot of a lane in which 10 files changed, beside `git status` in a clone with the ' +
    'same changes; reuse of a slot that a gate has used, for a tree with 10 other files, beside `git reset --hard && git ' +
    'clean -ffdx`. Each of ours is timed within a fresh process, git with its start.',
  run: ({ directory, rounds }) => {
    const repository = join(directory, 'repository');
    const state = join(directory, 'state');
    mkdirSync(repository);
    mkdirSync(state);
    const paths = makeLargeTree(repository);
    const first = git(repository, 'rev-parse', 'HEAD');
    const second = changeTree(repository, paths, Math.floor(paths.length / 10));
    const place: Place = { directory, repository, state, paths, first, second, rounds: rounds ?? ROUNDS };
    step(place, 'fetch', second);
    return [...snapshots(place), ...slots(place)];
  },
};

interface Place {
  readonly directory: string;
  readonly repository: string;
  readonly state: string;
  readonly paths: readonly string[];
  readonly first: string;
  readonly second: string;
  readonly rounds: number;
}

function step({ state, repository }: Place, name: string, commit: string): number {
  const program = join(import.meta.dirname, 'lane-step.ts');
  const env = environment(state);
  const command = [process.execPath, program, name, state, commit, repository];
  return Number(run(command, { cwd: state, env }).stdout);
}

function snapshots(place: Place): Figure[] {
  const { directory, repository, state, paths, first, rounds } = place;
  const filledMs = step(place, 'lane', first);
  const lane = join(state, 'lanes/task');
  const clone = join(directory, 'clone');
  git(directory, 'clone', '--quiet', '--shared', repository, clone);
  git(clone, 'checkout', '--quiet', '--detach', first);
  for (const tree of [lane, clone]) edit(tree, paths);
  const [ours, gits]: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    const oursMs = step(place, 'snapshot', '');
    const { wallMs } = run(['git', 'status', '--porcelain'], { cwd: clone, env: environment(state) });
    if (round < 0) continue;
    ours.push(oursMs);
    gits.push(wallMs);
  }
  return [
    { what: 'a lane is filled', value: filledMs, unit: 'ms' },
    { what: '`git status`', value: median(gits), unit: 'ms' },
    { what: 'snapshot of a lane', value: median(ours), unit: 'ms' },
    { what: 'snapshot over `git status`', value: medianRatio(ours, gits), unit: '×', atMost: SNAPSHOT_OVER_STATUS },
  ];
}

/** Eight files edited, one new, one gone; a build output that is ignored. */
function edit(tree: string, paths: readonly string[]): void {
  const [gone = '', ...edited] = every(paths, 3_000);
  for (const path of edited.slice(0, 8)) appendFileSync(join(tree, path), '// edited\n');
  rmSync(join(tree, gone));
  writeFileSync(join(tree, 'packages/new.ts'), 'new\n');
  build(tree);
}

function build(tree: string): void {
  for (let directory = 0; directory < 20; directory += 1) {
    const path = join(tree, `packages/package-${directory}/dist`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 20; file += 1) writeFileSync(join(path, `${file}.js`), 'built\n');
  }
}

/** What a gate leaves behind. */
function use(tree: string, paths: readonly string[]): void {
  build(tree);
  mkdirSync(join(tree, 'coverage'), { recursive: true });
  for (let file = 0; file < 50; file += 1) writeFileSync(join(tree, `coverage/${file}.html`), 'covered\n');
  for (const path of every(paths, 2_500).slice(0, 5)) appendFileSync(join(tree, path), '// a snapshot was updated\n');
  for (const path of every(paths, 7_000).slice(0, 2)) chmodSync(join(tree, path), 0o755);
}

function slots(place: Place): Figure[] {
  const { directory, state, paths, first, second, rounds } = place;
  const slot = join(state, 'slot');
  const clone = join(directory, 'clone');
  const filledMs = step(place, 'slot', first);
  const [ours, gits]: [number[], number[]] = [[], []];
  for (let round = -1; round < rounds; round += 1) {
    const commit = round % 2 === 0 ? first : second;
    for (const tree of [slot, clone]) use(tree, paths);
    const oursMs = step(place, 'slot', commit);
    const reset = `git reset --quiet --hard ${commit} && git clean -ffdxq`;
    const { wallMs } = run(['/bin/sh', '-c', reset], { cwd: clone, env: environment(state) });
    if (round < 0) continue;
    ours.push(oursMs);
    gits.push(wallMs);
  }
  return [
    { what: 'a slot is filled', value: filledMs, unit: 'ms' },
    { what: '`git reset --hard && git clean -ffdx`', value: median(gits), unit: 'ms' },
    { what: 'reuse of a slot', value: median(ours), unit: 'ms' },
    {
      what: 'reuse of a slot over `git reset --hard && git clean -ffdx`',
      value: medianRatio(ours, gits),
      unit: '×',
      atMost: SLOT_OVER_RESET,
    },
  ];
}
