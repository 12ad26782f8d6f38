import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { resolveSandbox } from '../src/config/sandbox-schema.ts';
import { runProcess } from '../src/process/run.ts';
import { bubblewrapSandbox } from '../src/sandbox/bubblewrap.ts';
import { makeCellGroup } from '../src/sandbox/cgroup.ts';
import { NO_SANDBOX } from '../src/sandbox/none.ts';
import { probeBubblewrap } from '../src/sandbox/probe.ts';
import { runInCell } from '../src/sandbox/run-in-cell.ts';
import type { Cell, Sandbox } from '../src/sandbox/sandbox.ts';
import type { Benchmark, Figure } from './benchmark.ts';
import { median } from './measure.ts';

const ROUNDS = 50;
const OVER_MS = 25;

/** What a cell costs beside the start of a program in no cell. */
export const cell: Benchmark = {
  name: 'cell',
  about:
    '`true`, from its start to its end: bare, and in cells. All in turns; the difference is the median over pairs.',
  run: async ({ directory, rounds }) => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: directory };
    const support = await probeBubblewrap(env.PATH);
    const group = await makeCellGroup({ memoryBytes: 2 ** 32, processes: 4096 });
    await group?.end();
    const held = group === null ? 'no cgroup' : 'cgroup';
    const runs: [string, () => Promise<unknown>][] = [
      ['bare', () => runProcess('true', [], { cwd: directory, env })],
      [`none, ${held}`, inCell(NO_SANDBOX, directory, env)],
    ];
    if (support.kind === 'works') {
      const sandbox = bubblewrapSandbox(support.program);
      // What it keeps itself gets no cgroup around it.
      runs.push(['bubblewrap alone', inCell({ ...sandbox, limitsMemory: true }, directory, env)]);
      runs.push([`bubblewrap, ${held}`, inCell(sandbox, directory, env)]);
    }
    const wallMs = await inTurns(rounds ?? ROUNDS, runs);
    const [bare = []] = wallMs;
    return runs.map(([what], index): Figure => {
      const own = wallMs[index] ?? [];
      if (index === 0) return { what, value: median(own), unit: 'ms' };
      const over = median(own.map((ms, round) => ms - (bare[round] ?? Number.NaN)));
      return { what: `${what}, over bare`, value: over, unit: 'ms', atMost: OVER_MS };
    });
  },
};

function inCell(sandbox: Sandbox, directory: string, env: Record<string, string>): () => Promise<unknown> {
  const { agents } = resolveSandbox('auto');
  const place = join(directory, `${sandbox.kind}-${sandbox.limitsMemory}`);
  const cellOf: Cell = {
    directory: join(place, 'lane'),
    scratch: join(place, 'scratch'),
    writable: [],
    readable: [],
    hidden: [directory],
    bridge: [],
    network: 'none',
    limits: agents.limits,
    egressLog: join(place, 'network.ndjson'),
    layers: [],
    redact: (text) => text,
  };
  for (const path of [place, cellOf.directory, cellOf.scratch]) mkdirSync(path);
  if (sandbox.owner !== null) chownSync(cellOf.directory, sandbox.owner.uid, sandbox.owner.gid);
  return async () => {
    const result = await runInCell(sandbox, cellOf, { argv: ['true'], env }, {});
    if (result.kind !== 'exited' || result.code !== 0) throw new Error(`the cell failed: ${JSON.stringify(result)}`);
  };
}

/** One round more than asked for: the first is not counted. */
async function inTurns(rounds: number, runs: readonly [string, () => Promise<unknown>][]): Promise<number[][]> {
  const wallMs = runs.map(() => [] as number[]);
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, [, run]] of runs.entries()) {
      const startedMs = performance.now();
      await run();
      if (round >= 0) wallMs[index]?.push(performance.now() - startedMs);
    }
  }
  return wallMs;
}
