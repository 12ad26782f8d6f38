import { isDefective } from '../process/failpoint.ts';
import { join } from 'node:path';

import { impossible } from '../core/impossible.ts';
import { inert, inertLine } from '../core/inert.ts';
import { gateOf, gateSetting } from '../gates/gate-choice.ts';
import type { GateResult } from '../gates/gate.ts';
import { runGate } from '../gates/run-gate.ts';
import type { TaskRecord } from '../store/store.ts';
import { controlTree } from './candidate.ts';
import { trainGateMarker } from './train-context.ts';
import type { TrainContext } from './train-context.ts';
import type { Candidate, Proof } from './train-work.ts';
import { mkdir } from '../process/file-system.ts';

/**
 * Tests the exact tree that is to land. A red is tried once more (a gate can flake), and before anybody is blamed the
 * target itself is tested: its verdict is nearly always known already.
 */
export async function prove(context: TrainContext, task: TaskRecord, candidate: Candidate): Promise<Proof> {
  if (isDefective('landed-unproved')) return { kind: 'green', verdict: 'none' };
  const directory = join(context.stateDirectory, 'train', task.spec.id, candidate.commit.slice(0, 12));
  await mkdir(directory, { recursive: true });
  const test = (tree: string, log: string): Promise<GateResult> =>
    // What everybody waits for is not made to wait for a slot.
    runGate(
      { ...gateSetting(context), slots: null },
      {
        ...gateOf(context.pin.config, task.spec.gate),
        tree,
        fence: context.fence,
        log: join(directory, log),
        marker: trainGateMarker(context.stateDirectory, context.fence.token),
        signal: context.signal,
      },
    );
  const first = await test(candidate.tree, 'gate.log');
  if (first.kind !== 'red') return settled(first);
  const second = await test(candidate.tree, 'gate-again.log');
  if (second.kind !== 'red') {
    if (second.kind === 'green') {
      await context.store.note(
        'train.flake',
        { summary: inertLine(first.summary, 300), log: directory },
        { taskId: task.spec.id, fence: context.fence },
      );
    }
    return settled(second);
  }
  const control = await test(await controlTree(context, candidate.base), 'control.log');
  if (control.kind === 'red') return { kind: 'base-red', why: inertLine(control.summary, 300) };
  if (control.kind !== 'green') return settled(control);
  return {
    kind: 'blamed',
    why: `red together with what has landed: ${inertLine(second.summary, 300)}`,
    detail: inert(second.logTail),
  };
}

function settled(result: Exclude<GateResult, { kind: 'red' }>): Proof {
  switch (result.kind) {
    case 'green':
      return { kind: 'green', verdict: result.key };
    case 'infrastructure':
      return { kind: 'infrastructure', why: inertLine(result.why, 500) };
    case 'cancelled':
      return { kind: 'cancelled' };
    default:
      throw impossible(result satisfies never);
  }
}
