// Measures what `docs/performance.md` speaks of. `npm run bench [-- NAME…] [--rounds N] [--tasks N] [--json FILE]`.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Benchmark, Figure } from './benchmark.ts';
import { cell } from './cell.ts';
import { cycle } from './cycle.ts';
import { dependencies } from './dependencies.ts';
import { landing } from './landing.ts';
import { lanes } from './lanes.ts';
import { machineFacts } from './machine.ts';
import { report } from './report.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { turn } from './turn.ts';

const benchmarks: readonly Benchmark[] = [start, status, report, cycle, lanes, landing, cell, turn, dependencies];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, tasks: { type: 'string' }, json: { type: 'string' } },
});
const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const known = benchmarks.map(({ name }) => name).join(', ');
  console.error(`there is no benchmark ${unknown.join(', ')}; there are: ${known}`);
  process.exit(2);
}

const chosen = benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const root = mkdtempSync(join(realpathSync(tmpdir()), 'yardmaster-bench-'));
try {
  const facts = machineFacts(root);
  console.log(facts.join('\n'));
  const results: { readonly name: string; readonly figures: readonly Figure[] }[] = [];
  for (const benchmark of chosen) {
    console.log(`\n${benchmark.name}: ${benchmark.about}\n`);
    const directory = mkdtempSync(join(root, `${benchmark.name}-`));
    const figures = await benchmark.run({ directory, rounds: count(values.rounds), tasks: count(values.tasks) });
    for (const line of table(figures)) console.log(line);
    results.push({ name: benchmark.name, figures });
    rmSync(directory, { recursive: true, force: true });
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ facts, results }, null, 2)}\n`);
  const over = results.flatMap(({ figures }) => figures.filter(isOver));
  if (over.length > 0) process.exitCode = 1;
  console.log(over.length === 0 ? '\nAll within their bounds.' : `\nOver: ${over.map(({ what }) => what).join('; ')}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}

function count(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function isOver({ value, atMost }: Figure): boolean {
  return atMost !== undefined && !(value <= atMost);
}

function table(figures: readonly Figure[]): string[] {
  const width = Math.max(...figures.map(({ what }) => what.length));
  return figures.map((figure) => {
    const { what, value, unit, atMost, note } = figure;
    const bound = atMost === undefined ? '' : `≤ ${atMost} ${unit}${isOver(figure) ? '  OVER' : ''}`;
    const end = [bound, note ?? ''].filter((part) => part !== '').join('  ');
    return `  ${what.padEnd(width)}  ${value.toFixed(unit === 'ms' ? 1 : 2).padStart(8)} ${unit.padEnd(2)}  ${end}`.trimEnd();
  });
}
