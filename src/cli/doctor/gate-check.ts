import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import type { Config } from '../../config/schema.ts';
import { inertLine } from '../../core/inert.ts';
import type { Fence } from '../../core/lease.ts';
import { doctorMarker } from '../../core/marker.ts';
import { gateOf } from '../../gates/gate-choice.ts';
import type { GateResult, GateSetting } from '../../gates/gate.ts';
import { knownVerdict, runGate } from '../../gates/run-gate.ts';
import { depotAt, resolve } from '../../git/depot.ts';
import { currentCommit, toRefName } from '../../git/repository.ts';
import { readTarget } from '../../git/target.ts';
import { fetchIntoDepot } from '../../git/target-sync.ts';
import { mkdir } from '../../process/file-system.ts';
import { isAlive, ownIdentity } from '../../process/identity.ts';
import type { LocalYard } from '../../reconcile/yard.ts';
import { Cells } from '../../sandbox/cells.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { formatDuration } from '../terminal/table.ts';
import { fail, pass, skip, warn } from './check.ts';
import type { Check, CheckResult, Finding } from './check.ts';
import type { Patient } from './patient.ts';

/** After a repair a gate that ran is not run again: what it came to stands. */
export function withGateRun(after: readonly CheckResult[], before: readonly CheckResult[]): readonly CheckResult[] {
  const ran = before.find(({ id }) => id === gateRunCheck.id);
  return after.map((result) =>
    ran !== undefined && ran.status !== 'skip' && result.id === ran.id && result.status === 'skip' ? ran : result,
  );
}

/**
 * Whether the gate is green where the work starts from: run for good, as for a task. A gate that is red there, or cannot
 * run on this machine, lets nothing land, and is found out here before an agent is paid for.
 */
export const gateRunCheck: Check = {
  id: 'gate-run',
  requires: ['gate', 'sandbox', 'target', 'depot', 'store', 'disk'],
  examine,
};

const TAIL_LINES = 12;
const LINE_MAX = 200;
/** The lease is void only when its process is gone, so the expiry is a formality. */
const EXPIRY_MS = 24 * 3_600_000;
const SAFE = 'Nothing lands that is not green.';

interface Head {
  readonly commit: string;
  readonly tree: string;
  /** For people. */
  readonly name: string;
}

async function examine(patient: Patient): Promise<Finding> {
  const head = await headOf(patient);
  const names = gatesInUse(patient);
  const unproven: string[] = [];
  for (const name of names) if (!(await isKnownGreen(patient, name, head))) unproven.push(name);
  if (unproven.length === 0) return pass(`${names.join(', ')}: green at ${head.name}, known already`);
  if (!patient.runsGates) return skip(`${unproven.join(', ')}: not known at ${head.name}, and not run: --quick`);
  const yard = await patient.context.compose.yard(patient.context.cwd);
  const interrupt = new Interrupt(() => undefined);
  try {
    return await runAll(patient, yard, head, { all: names, unproven }, interrupt.signal);
  } finally {
    interrupt.dispose();
    await yard.store.close();
  }
}

/** What the next attempt would start from. */
async function headOf(patient: Patient): Promise<Head> {
  const repository = patient.know('repository');
  const { target } = patient.know('config');
  const state = await readTarget(repository, toRefName(target));
  const current = state.kind === 'commit' ? state.commit : (await currentCommit(repository))?.commit;
  if (current === undefined)
    throw new Error('there is no commit to start from, which the check of the repository tells');
  const tree = await resolve({ path: repository.commonDirectory }, `${current}^{tree}`);
  if (tree === null) throw new Error(`${current} has no tree`);
  return { commit: current, tree, name: `${state.kind === 'commit' ? target : 'HEAD'} (${current.slice(0, 12)})` };
}

/** The gate of every task that names none, and those that open tasks name. */
function gatesInUse(patient: Patient): string[] {
  const config = patient.know('config');
  const named = (patient.may('rows') ?? []).flatMap(({ gate }) => (gate === null ? [] : [gate]));
  return [...new Set([config.defaults.gate, ...named])].filter((name) => Object.hasOwn(config.gates, name));
}

function settingOf(patient: Patient): Omit<GateSetting, 'store' | 'redactor'> {
  const config: Config = patient.know('config');
  const repository = patient.know('repository');
  const { directory: stateDirectory } = patient.know('places');
  const { output, compose } = patient.context;
  const cells = new Cells({
    stateDirectory,
    repository,
    support: patient.know('sandboxes'),
    self: compose.self,
    redact: (text) => output.redactor.text(text),
  });
  return {
    depot: depotAt(stateDirectory, repository.format),
    stateDirectory,
    repositoryRoot: repository.root,
    provision: config.provision,
    prewarm: config.prewarm,
    cells,
    prewarmCell: config.sandbox.prewarm,
    killGraceMs: config.limits.killGraceMs,
    slots: config.limits.gates ?? availableParallelism(),
  };
}

async function isKnownGreen(patient: Patient, name: string, { tree }: Head): Promise<boolean> {
  const reading = patient.may('reading');
  if (reading === null) return false;
  const setting = settingOf(patient);
  // The tree may not be in the depot yet: it is read where it certainly is.
  const depot = { ...setting.depot, path: patient.know('repository').commonDirectory };
  const { gate } = gateOf(patient.know('config'), name);
  const { known } = await knownVerdict({ ...setting, depot, store: reading.reader }, { name, gate, tree });
  return known !== null;
}

async function runAll(
  patient: Patient,
  yard: LocalYard,
  head: Head,
  { all, unproven }: { readonly all: readonly string[]; readonly unproven: readonly string[] },
  signal: AbortSignal,
): Promise<Finding> {
  const { store, host, depot, repository } = yard;
  const taken = await store.acquire(
    'doctor',
    ownIdentity(),
    host.clock.monotonicMs() + EXPIRY_MS,
    ({ owner }) => owner === null || !isAlive(owner),
  );
  if (taken.kind === 'held')
    return skip(`process ${taken.lease.owner?.pid ?? 'unknown'} runs the gate as a doctor already`);
  try {
    await fetchIntoDepot(depot, repository, head.commit);
    const said: string[] = [];
    for (const name of unproven) {
      const { log, result } = await runOne(patient, yard, { name, head, fence: taken.fence, signal });
      if (result.kind !== 'green') return judge(result, { name, head, log });
      said.push(`${name} in ${formatDuration(result.durationMs)}`);
    }
    return pass(`green at ${head.name}: ${[...said, ...all.filter((name) => !unproven.includes(name))].join(', ')}`);
  } finally {
    await store.release(taken.fence);
  }
}

async function runOne(
  patient: Patient,
  { store, redactor, stateDirectory }: LocalYard,
  { name, head, fence, signal }: { name: string; head: Head; fence: Fence; signal: AbortSignal },
): Promise<{ readonly log: string; readonly result: GateResult }> {
  const { gate } = gateOf(patient.know('config'), name);
  const directory = join(stateDirectory, 'doctor');
  await mkdir(directory, { recursive: true });
  const log = join(directory, `${name}.log`);
  patient.context.output.say(`gate-run: ${name} at ${head.name}: ${inertLine(gate.run, LINE_MAX)} (see ${log})`);
  const setting = { ...settingOf(patient), store, redactor };
  const marker = doctorMarker(stateDirectory, fence.token);
  return { log, result: await runGate(setting, { name, gate, tree: head.tree, log, fence, marker, signal }) };
}

function judge(
  result: Exclude<GateResult, { readonly kind: 'green' }>,
  { name, head, log }: { readonly name: string; readonly head: Head; readonly log: string },
): Finding {
  if (result.kind === 'cancelled')
    return warn(`the gate ${name} was interrupted`, 'Run it to its end: yard doctor', SAFE);
  if (result.kind === 'infrastructure') {
    const why = inertLine(result.why, LINE_MAX);
    return fail(`the gate ${name} cannot run on this machine: ${why}`, `See what it said in ${log}.`, SAFE);
  }
  return {
    status: 'fail',
    message: `the gate ${name} is red at ${head.name}: ${inertLine(result.summary, LINE_MAX)}`,
    remedy: `Mend it there, or let a task mend it: until then only work lands that makes it green. Its log: ${log}`,
    safe: SAFE,
    tail: result.logTail
      .trimEnd()
      .split('\n')
      .slice(-TAIL_LINES)
      .map((line) => inertLine(line, LINE_MAX)),
  };
}
