// The campaign of docs/promises.md. `npm run faults -- --minutes 10 [--seed S] [--only real|kills|strace|sim] [--case NAME]`.
import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../fixtures/store/seeded-random.ts';
import { failpointNames, readSources } from './failpoint-names.ts';
import { parseCase } from './fault.ts';
import type { FaultCase } from './fault.ts';
import { killGit, parseGitKill, whyNoStrace } from './git-kill.ts';
import { quietBacklog, randomKills } from './random-kills.ts';
import { describeLosses, quietRun, runCase } from './run-case.ts';
import type { CaseResult } from './run-case.ts';
import { quietRuns, runCases } from './run-cases.ts';
import { simulateFor } from './sim-campaign.ts';
import { Sweep } from './sweep.ts';
import { Tally } from './tally.ts';

const KINDS = ['real', 'kills', 'strace', 'sim'] as const;
type Kind = (typeof KINDS)[number];
/** How the time is shared out. */
const SHARE: Readonly<Record<Kind, number>> = { real: 0.4, kills: 0.35, strace: 0.15, sim: 0.1 };
const BACKLOG = 40;
const GIT_COMMANDS = ['update-ref', 'fast-import', 'fetch', 'commit-tree', 'merge-tree', 'read-tree'];
const SYSTEM_CALLS = ['openat', 'write', 'close', 'rename', 'link', 'unlink', 'mkdir', 'fsync'];
const KILLS_EACH = 60;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    only: { type: 'string' },
    case: { type: 'string' },
    defects: { type: 'string' },
    directory: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const only = KINDS.filter((kind) => values.only === undefined || kind === values.only);
if (only.length === 0 || !Number.isFinite(seed) || !(Number(values.minutes) > 0)) {
  console.error(`usage: npm run faults -- [--minutes N] [--seed N] [--only ${KINDS.join('|')}] [--case NAME]`);
  process.exit(2);
}
const directory = values.directory ?? mkdtempSync(join(realpathSync(tmpdir()), 'yardmaster-faults-'));
mkdirSync(directory, { recursive: true });
const defects = values.defects?.split(',') ?? [];
const tally = new Tally();
const startedMs = Date.now();

if (values.case !== undefined && /^[a-z-]+\/\d+\//.test(values.case)) await oneGitKill(values.case);
else if (values.case !== undefined) await oneCase(parseCase(values.case));
else await campaign(Number(values.minutes) * 60_000);
console.log(tally.table(`Seed ${seed}, ${Math.round((Date.now() - startedMs) / 6_000) / 10} minutes.`));
for (const complaint of tally.complaints()) console.log(`\n${complaint}`);
process.exitCode = tally.lost === 0 ? 0 : 1;

function say(line: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

async function oneCase(fault: FaultCase): Promise<void> {
  const { tree } = await quietRun(directory, fault.scenario);
  count(await runCase(fault, { directory, tree, defects }));
}

async function campaign(durationMs: number): Promise<void> {
  const whole = only.reduce((sum, kind) => sum + SHARE[kind], 0);
  const shareMs = (kind: Kind): number => (durationMs * SHARE[kind]) / whole;
  say(`seed ${seed}, in ${directory}`);
  if (only.includes('sim')) await simulate(shareMs('sim'));
  if (only.includes('real')) await sweep(Date.now() + shareMs('real'));
  if (only.includes('strace')) await killGits(Date.now() + shareMs('strace'));
  if (only.includes('kills')) await killAtRandom(Date.now() + shareMs('kills'));
}

async function simulate(durationMs: number): Promise<void> {
  const { schedules, faults, losses } = await simulateFor(durationMs / 1_000, seed);
  tally.case('simulated schedules', schedules);
  for (const [kind, injected] of Object.entries(faults)) tally.fault(`simulated: ${kind}`, injected);
  for (const { repeat, ...loss } of losses) tally.lose([loss], repeat, null);
  say(`simulated ${schedules} schedules, ${losses.length} losses`);
}

async function sweep(untilMs: number): Promise<void> {
  const quiet = await quietRuns(directory);
  const plan = new Sweep(failpointNames(readSources()), quiet, seed);
  let cases = 0;
  const onResult = (result: CaseResult): void => {
    count(result);
    cases += 1;
    if (result.losses.length > 0) say(`LOST ${result.name}: ${describeLosses(result.losses)}`);
    if (cases % 20 !== 0) return;
    say(`${cases} cases, ${plan.done} of ${plan.total} in order, ${tally.faults} faults, ${tally.lost} losses`);
  };
  await runCases(() => (Date.now() < untilMs ? plan.next() : null), { directory, quiet, defects, onResult });
}

function count({ name, losses, delivered, takeovers, rivals, kept }: CaseResult): void {
  tally.case('with real processes');
  for (const { action } of delivered) tally.fault(`failpoint: ${action}`);
  if (takeovers > 0) tally.fault('takeover while stopped', takeovers);
  if (rivals > 0) tally.fault('second scheduler', rivals);
  tally.lose(losses, `npm run faults -- --case '${name}'`, kept);
}

async function oneGitKill(name: string, known?: string): Promise<void> {
  const tree = known ?? (await quietRun(directory, 'small')).tree;
  const { delivered, losses, kept } = await killGit(parseGitKill(name), { directory, tree });
  tally.case('with a git under strace');
  if (delivered) tally.fault('kill of git at a system call');
  tally.lose(losses, `npm run faults -- --case '${name}'`, kept);
  if (losses.length > 0) say(`LOST ${name}: ${describeLosses(losses)}`);
}

async function killGits(untilMs: number): Promise<void> {
  const why = whyNoStrace();
  if (why !== null) return say(`no git is killed at a system call: ${why}`);
  const { tree } = await quietRun(directory, 'small');
  const random = seededRandom(seed);
  const among = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  while (Date.now() < untilMs) {
    const name = [among(GIT_COMMANDS), 1 + Math.floor(random() * 4), among(SYSTEM_CALLS), 1 + Math.floor(random() * 8)];
    await oneGitKill(name.join('/'), tree);
  }
}

async function killAtRandom(untilMs: number): Promise<void> {
  const tree = await quietBacklog(directory, BACKLOG);
  for (let round = 0; Date.now() < untilMs; round += 1) {
    const options = { directory, tree, tasks: BACKLOG, kills: KILLS_EACH, seed: seed + round, untilMs };
    const { killed, runs, losses, kept } = await randomKills(options);
    tally.case('backlogs with random kills');
    for (const [role, times] of Object.entries(killed)) if (times > 0) tally.fault(`kill at random: ${role}`, times);
    tally.lose(losses, `npm run faults -- --only kills --seed ${seed + round}`, kept);
    say(
      `backlog ${round + 1}: ${JSON.stringify(killed)} in ${runs} runs, ${losses.length} losses ${describeLosses(losses)}`,
    );
  }
}
