import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { resolveSandbox } from '../src/config/sandbox-schema.ts';
import { freeze } from '../src/gates/freeze.ts';
import { shareOutput } from '../src/gates/share.ts';
import { give, giveTree } from '../src/process/owner.ts';
import { bubblewrapSandbox } from '../src/sandbox/bubblewrap.ts';
import { findLayering } from '../src/sandbox/layers.ts';
import { probeBubblewrap } from '../src/sandbox/probe.ts';
import { probeOverlay } from '../src/sandbox/probe-overlay.ts';
import { runInCell } from '../src/sandbox/run-in-cell.ts';
import type { Layer, Sandbox } from '../src/sandbox/sandbox.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { median, medianRatio } from './measure.ts';

const ROUNDS = 5;
const FILES = 60_000;
const FILES_EACH = 25;
const BOUND_MS = 1000;

interface Way {
  readonly name: string;
  readonly sandbox: Sandbox;
  /** Directory that holds `node_modules`. */
  readonly from: string;
  readonly frozen: boolean;
  readonly atMost?: number;
}

/** How long a lane, or a gate, waits for what is installed already. */
export const dependencies: Benchmark = {
  name: 'dependencies',
  about: `A node_modules of ${FILES} small files, brought into a lane: until a command in a cell has used it.`,
  run: async ({ directory, rounds }) => {
    const ways = await makeWays(directory);
    const [plain] = ways;
    if (plain === undefined) return [];
    const samples = ways.map((): number[] => []);
    const bare: number[] = [];
    for (let round = 0; round < (rounds ?? ROUNDS); round += 1) {
      bare.push(await timed(() => start(plain.sandbox, directory, `bare-${round}`, [])));
      for (const [index, way] of ways.entries()) {
        samples[index]?.push(await provideOnce(directory, way));
      }
    }
    const [copyMs = []] = samples;
    const cell: Figure = { what: 'start of a cell with nothing in it', value: median(bare), unit: 'ms' };
    const figures = ways.flatMap(({ name, atMost }, index): Figure[] => {
      const ms = samples[index] ?? [];
      const bound = atMost === undefined ? {} : { atMost };
      const over: Figure = { what: `${name}, over the copy`, value: medianRatio(ms, copyMs), unit: '×' };
      return [{ what: name, value: median(ms), unit: 'ms', ...bound }, ...(index === 0 ? [] : [over])];
    });
    return [cell, ...figures];
  },
};

async function makeWays(directory: string): Promise<Way[]> {
  const bubblewrap = await probeBubblewrap(process.env['PATH'] ?? '');
  if (bubblewrap.kind === 'missing') throw new Error(bubblewrap.why);
  const overlay = await probeOverlay(bubblewrap, directory);
  const sandbox = bubblewrapSandbox(bubblewrap.program);
  const { owner } = sandbox;
  const from = join(directory, 'pristine');
  const modules = join(from, 'node_modules');
  makeModules(modules);
  const ways: Way[] = [{ name: 'copy', sandbox, from, frozen: false }];
  if (owner !== null) {
    giveTree(from, owner);
    if (!freeze(modules)) throw new Error('it could not be frozen');
    ways.push({ name: 'hard links', sandbox, from, frozen: true, atMost: BOUND_MS });
    // One tree serves all: a layer goes over what belongs to the user of the cell.
    give(modules, owner);
  }
  if (overlay.kind === 'works') {
    const layered = bubblewrapSandbox(bubblewrap.program, findLayering());
    ways.push({ name: 'overlay', sandbox: layered, from, frozen: false, atMost: BOUND_MS });
  }
  return ways;
}

/** As packages are: a few directories each, files of one to eight kilobytes. */
function makeModules(path: string): void {
  for (let index = 0; index < FILES / FILES_EACH; index += 1) {
    for (const [within, count] of PACKAGE) {
      const directory = join(path, `package-${index}`, within);
      mkdirSync(directory, { recursive: true });
      for (let file = 0; file < count; file += 1) {
        const text = `// ${index} ${within} ${file}\n`;
        writeFileSync(join(directory, `file-${file}.js`), text.repeat(50 + ((index * 31 + file * 17) % 350)));
      }
    }
  }
}

const PACKAGE: readonly (readonly [string, number])[] = [
  ['', 3],
  ['lib', 12],
  ['dist/cjs', 10],
];

async function provideOnce(directory: string, way: Way): Promise<number> {
  const { sandbox, from, frozen } = way;
  const lane = join(directory, 'lane');
  mkdirSync(lane);
  if (sandbox.owner !== null) give(lane, sandbox.owner);
  const ms = await timed(async () => {
    const timeoutMs = 600_000;
    const layer = await shareOutput({ from, into: lane, output: 'node_modules', frozen, sandbox, timeoutMs });
    const line = ['test', '-e', 'node_modules/package-0/lib/file-0.js'] as const;
    await start(sandbox, directory, 'lane', layer === null ? [] : [layer], line);
  });
  rmSync(lane, { recursive: true });
  return ms;
}

async function start(
  sandbox: Sandbox,
  directory: string,
  name: string,
  layers: readonly Layer[],
  argv: readonly [string, ...string[]] = ['true'],
): Promise<void> {
  const scratch = join(directory, 'scratch');
  const lane = join(directory, name);
  mkdirSync(scratch);
  mkdirSync(lane, { recursive: true });
  const { network, limits } = resolveSandbox('auto').gates;
  const [none, hidden, egressLog] = [[], [join(directory, 'pristine')], join(scratch, 'network')];
  const places = {
    directory: lane,
    writable: none,
    readable: none,
    hidden,
    scratch,
    bridge: none,
    layers,
    redact: (text: string) => text,
  };
  const env = { PATH: process.env['PATH'] ?? '' };
  const result = await runInCell(sandbox, { ...places, network, limits, egressLog }, { argv, env }, {});
  if (result.kind !== 'exited' || result.code !== 0) throw new Error(result.stderr.toString());
  rmSync(scratch, { recursive: true });
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}
