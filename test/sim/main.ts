import { parseArgs } from 'node:util';
import { runSimulations } from './campaign.ts';
import { DEFECTS } from './defect.ts';
import type { Defect } from './defect.ts';
import { simulate } from './simulation.ts';

/*
 * `npm run sim`: plays histories of a simulated yard. With `--seed S`, that one, step by step. Exit code 1 when a promise
 * is broken.
 */

const { values } = parseArgs({
  options: { seed: { type: 'string' }, count: { type: 'string' }, defect: { type: 'string' } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const defect = values.defect === undefined ? null : (values.defect as Defect);
if (defect !== null && !(defect in DEFECTS))
  throw new Error(`no defect ${defect}; there is ${Object.keys(DEFECTS).join(', ')}`);

if (values.seed === undefined) {
  const seed = Date.now() % 1_000_000_000;
  const { histories, steps, faults, failures } = await runSimulations({
    seed,
    histories: Number(values.count ?? 1_000),
    defect,
  });
  say(`${histories} histories from seed ${seed}, ${steps} steps`);
  for (const [kind, count] of Object.entries(faults)) say(`  ${kind}: ${count}`);
  for (const failure of failures) {
    for (const { promise, why } of failure.violations) say(`seed ${failure.seed}: ${promise}: ${why}`);
    say(`  npm run sim -- --seed ${failure.seed}`);
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
} else {
  const result = await simulate(Number(values.seed), defect);
  for (const line of result.trace) say(line);
  say(`${result.steps} steps; faults: ${JSON.stringify(result.faults)}`);
  for (const { promise, why } of result.violations) say(`${promise}: ${why}`);
  process.exitCode = result.violations.length === 0 ? 0 : 1;
}
