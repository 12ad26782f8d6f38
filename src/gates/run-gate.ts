import { join, relative } from 'node:path';

import { impossible } from '../core/impossible.ts';
import { faultOf } from '../core/machine-fault.ts';
import { systemClock } from '../process/clock.ts';
import { freeSpaceAt } from '../process/disk-space.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { errnoOf } from '../process/errno.ts';
import { removeTree } from '../process/removal.ts';
import type { CellResult } from '../sandbox/run-in-cell.ts';
import type { Layer } from '../sandbox/sandbox.ts';
import type { StoreReader, Verdict } from '../store/store.ts';
import { GateLog, KEPT_BYTES } from './gate-log.ts';
import type { GateRequest, GateResult, GateSetting } from './gate.ts';
import { prewarmInto, prewarmKeys } from './prewarm.ts';
import { provide, provisionHash, ProvisionError } from './provision.ts';
import { takeSlot } from './slot-pool.ts';
import type { Slot } from './slot-pool.ts';
import { verdictKey } from './verdict-key.ts';
import { mkdir } from '../process/file-system.ts';
import { makeTemporary } from '../process/temporary.ts';

/**
 * Proves one tree healthy, or not: in a clean checkout, by the operator's command. A tree that the same gate has
 * found green before is not tested again.
 */
export async function runGate(setting: GateSetting, request: GateRequest): Promise<GateResult> {
  const { tree } = request;
  const { key, provided, known } = await knownVerdict(setting, request);
  if (known !== null) {
    return { kind: 'green', key, reused: true, durationMs: known.durationMs, evidence: known.evidence };
  }
  const result = await testTree(setting, request, tree);
  if (result.kind !== 'passed') return result;
  // The operator may have changed a provisioned file while the gate waited for its slot: then the key says too much.
  if (provided !== (await provisionHash(setting.provision, setting.repositoryRoot))) {
    return { kind: 'infrastructure', why: 'a provisioned file changed while the gate ran' };
  }
  const { durationMs } = result;
  const evidence = relative(setting.stateDirectory, request.log);
  const verdict = { key, tree, gate: request.name, atMs: systemClock.nowMs(), durationMs, evidence };
  await setting.store.addVerdict(request.fence, verdict);
  return { kind: 'green', key, reused: false, durationMs, evidence };
}

/** What is known of a tree already, without running anything. */
export async function knownVerdict(
  setting: KeySetting & { readonly store: Pick<StoreReader, 'verdict'> },
  { name, gate, tree }: Pick<GateRequest, 'name' | 'gate' | 'tree'>,
): Promise<{ readonly key: string; readonly provided: string; readonly known: Verdict | null }> {
  const provided = await provisionHash(setting.provision, setting.repositoryRoot);
  const key = verdictKey({
    tree,
    name,
    gate,
    prewarmKeys: await prewarmKeys(setting, tree),
    provisionHash: provided,
    cell: setting.cells.describe(gate.cell),
  });
  return { key, provided, known: await setting.store.verdict(key) };
}

/** What of the setting a verdict hangs on. */
type KeySetting = Pick<GateSetting, 'repositoryRoot' | 'provision' | 'prewarm' | 'prewarmCell' | 'depot' | 'cells'>;

/** What one run of the gate came to; whether it counts is decided after it. */
type Run = Exclude<GateResult, { kind: 'green' }> | { readonly kind: 'passed'; readonly durationMs: number };

async function testTree(setting: GateSetting, request: GateRequest, tree: string): Promise<Run> {
  try {
    const { slots, stateDirectory } = setting;
    const { owner } = setting.cells.sandboxFor(request.gate.cell);
    const slot = await takeSlot(setting, { tree, slots, marker: request.marker, signal: request.signal, owner });
    if (slot === null) return { kind: 'cancelled' };
    let used: SlotUse | null = null;
    try {
      const temporaries = join(stateDirectory, 'tmp');
      await mkdir(temporaries, { recursive: true });
      used = await useSlot(setting, request, slot, await makeTemporary(join(temporaries, 'gate-')));
      return unlessFull(stateDirectory, used.result);
    } finally {
      await (used?.survived === true ? slot.retire() : slot.release());
    }
  } catch (error) {
    const why = machineFault(error);
    if (why === null) throw error;
    return { kind: 'infrastructure', why };
  }
}

/** Less than this is free: whatever needs a file fails. */
const FULL_BYTES = 1024 ** 2;

/** A gate that found no room is red whatever it tests: nobody is to blame for that. */
function unlessFull(stateDirectory: string, result: Run): Run {
  if (result.kind !== 'red' || freeSpaceAt(stateDirectory).freeBytes >= FULL_BYTES) return result;
  const why = `${result.summary}, with the disk full: that says nothing of the tree`;
  throw Object.assign(new Error(why), { code: 'ENOSPC' });
}

/** What git or the file system failed with; null for a bug, and for what means more than this gate (a full disk, say). */
function machineFault(error: unknown): string | null {
  const code = errnoOf(error);
  if (code === null || !(error instanceof Error)) return null;
  if (faultOf(error) !== null) return null;
  return code === 'git-failed' || code === 'uncleanable' || /^E[A-Z0-9]+$/.test(code) ? error.message : null;
}

interface SlotUse {
  readonly result: Run;
  /** Processes of the gate still run. */
  readonly survived: boolean;
}

async function useSlot(setting: GateSetting, request: GateRequest, slot: Slot, temporary: string): Promise<SlotUse> {
  const log = new GateLog(request.log, setting.redactor);
  try {
    const prepared = await prepareSlot(setting, request, slot, log);
    if (prepared.kind !== 'ready') return { result: prepared, survived: false };
    const { sandbox, network } = setting.cells.describe(request.gate.cell);
    log.note(`[sandbox: ${sandbox}; network: ${typeof network === 'string' ? network : network.join(', ')}]`);
    log.note(`$ ${request.gate.run}`);
    const { run: line, cell, environment } = request.gate;
    const run = setting.cells.enter(cell, {
      directory: slot.directory,
      scratch: temporary,
      egressLog: `${request.log}.network`,
      layers: prepared.layers,
    });
    const env = allowedEnvironment(environment.allow, { CI: 'true', YARD_GATE: request.name });
    const result = await run(
      { argv: ['/bin/sh', '-c', line], env },
      {
        timeoutMs: request.gate.timeoutMs,
        killGraceMs: setting.killGraceMs,
        marker: request.marker,
        signal: request.signal,
        // The log has it all.
        maxOutputBytes: KEPT_BYTES,
        onOutput: (chunk) => log.push(chunk),
      },
    );
    return { result: judge(request, result, log), survived: result.survivors.length > 0 };
  } finally {
    await removeTree(temporary);
    log.close();
  }
}

interface Ready {
  readonly kind: 'ready';
  readonly layers: readonly Layer[];
}

async function prepareSlot(setting: GateSetting, request: GateRequest, slot: Slot, log: GateLog): Promise<Run | Ready> {
  const red = (summary: string): Run => ({ kind: 'red', summary, logTail: log.tail(), durationMs: 0 });
  const sandbox = setting.cells.sandboxFor(request.gate.cell);
  try {
    const [blocked] = await provide(setting.provision, setting.repositoryRoot, slot.directory, sandbox.owner);
    if (blocked !== undefined) return red(`a link or a file stands in the way of the provisioned ${blocked}`);
  } catch (error) {
    if (error instanceof ProvisionError) return { kind: 'infrastructure', why: error.message };
    throw error;
  }
  const { tree, signal } = request;
  const failureLog = `${request.log}.prewarm`;
  const warmed = await prewarmInto(setting, { tree, directory: slot.directory, signal, sandbox, failureLog });
  switch (warmed.kind) {
    case 'ready':
    case 'cancelled':
    case 'infrastructure':
      return warmed;
    case 'failed':
      // The lock files that it works on are part of the tree, so the tree is what failed.
      log.note(warmed.logTail);
      return red(warmed.why);
    default:
      throw impossible(warmed satisfies never);
  }
}

function judge(request: GateRequest, result: CellResult, log: GateLog): Run {
  const { durationMs } = result;
  const red = (summary: string): Run => {
    log.note(`[${summary}]`);
    return { kind: 'red', summary, logTail: log.tail(), durationMs };
  };
  if (result.survivors.length > 0) {
    return { kind: 'infrastructure', why: `processes of the gate could not be ended: ${result.survivors.join(', ')}` };
  }
  const command = JSON.stringify(request.gate.run);
  if (result.breach !== null) return red(`${command} ${result.breach}`);
  switch (result.kind) {
    case 'exited':
      if (result.code !== 0) return red(`${command} exited with ${result.code}`);
      return { kind: 'passed', durationMs };
    case 'signalled':
      // Nothing of ours did that: the machine was out of memory, or a person ended it.
      if (result.signal === 'SIGKILL') return { kind: 'infrastructure', why: `${command} was killed (SIGKILL)` };
      return red(`${command} was ended by ${result.signal}`);
    case 'timed-out':
      return red(`${command} did not end within ${Math.round(request.gate.timeoutMs / 1000)} s, its time limit`);
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'spawn-failed':
      return { kind: 'infrastructure', why: `the gate could not be started: ${result.message}` };
    default:
      throw impossible(result satisfies never);
  }
}
