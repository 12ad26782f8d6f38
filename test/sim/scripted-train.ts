import type { Fence } from '../../src/core/lease.ts';
import type { Store } from '../../src/store/store.ts';
import { trainGateMarker } from '../../src/train/train-context.ts';
import type { Proof, TrainWork } from '../../src/train/train-work.ts';
import type { Defect } from './defect.ts';
import type { Machine, SimProcess } from './machine.ts';
import { verdictOn } from './scripted-attempt.ts';
import { isHealthy } from './world.ts';
import type { World } from './world.ts';

export interface TrainPlaces {
  readonly machine: Machine;
  readonly world: World;
  readonly store: Store;
  readonly process: SimProcess;
  readonly stateDirectory: string;
  readonly defect: Defect | null;
}

/** The train's work in the simulated world. */
export function scriptedTrain(
  places: TrainPlaces,
  { fence, signal }: { readonly fence: Fence; readonly signal: AbortSignal },
): TrainWork {
  const { machine, world, process, store, defect } = places;
  const step = <T>(label: string, effect: () => T): Promise<T> => machine.step(process, label, effect);
  const by = `train:${fence.token}`;
  return {
    sync: () =>
      step('sync', () => {
        world.record = world.target;
        return { kind: 'ok', commit: world.target };
      }),
    standOn: () => Promise.resolve(),
    combine: (_task, { head, base }) =>
      step('combine', () => {
        const held = world.firstHolder(head, base);
        if (held !== null) return { kind: 'landed', candidate: { commit: held, tree: world.treeOf(held), base } };
        const before = world.commits.get(head)?.parents[0] ?? base;
        const { files, conflicts } = world.merge(before, base, head);
        if (conflicts.length > 0) return { kind: 'conflict', why: `conflict in ${conflicts.join()}`, detail: '' };
        const commit = world.commit(files, [base, head]);
        return { kind: 'made', candidate: { commit, tree: world.treeOf(commit), base } };
      }),
    prove: async (_task, { commit, tree, base }): Promise<Proof> => {
      if (await runGate(places, fence, commit)) {
        if (signal.aborted) return { kind: 'cancelled' };
        const verdict = verdictOn(tree);
        await store.addVerdict(fence, verdict);
        return { kind: 'green', verdict: verdict.key };
      }
      if (signal.aborted) return { kind: 'cancelled' };
      if (!(await runGate(places, fence, base))) return { kind: 'base-red', why: 'bad' };
      return { kind: 'blamed', why: 'bad', detail: '' };
    },
    swap: async (intent, stillOurs) => {
      const { oldCommit, newCommit } = intent;
      if (await step('look', () => world.target === newCommit)) return { kind: 'moved', holder: null };
      const refused = await step('lock', () => world.lockTarget(process, oldCommit));
      if (refused !== null) return refused;
      try {
        await stillOurs();
      } catch (error) {
        await step('unlock', () => world.unlockTarget(process));
        throw error;
      }
      const isMoved = await step('swap', () => world.commitTarget(process, oldCommit, newCommit, by));
      return isMoved
        ? { kind: 'moved', holder: null }
        : { kind: 'refused', why: 'the lock was taken away', fault: null };
    },
    landedIn: (intent) =>
      step('landed-in', () => {
        if (defect === 'landing-forgotten') return null;
        return world.contains(world.target, intent.newCommit) ? world.target : null;
      }),
    examineHead: () => Promise.resolve('intact' as const),
    clearUp: (intent, head) =>
      step('clear-up', () => {
        world.record = head;
        world.dropLane(intent.taskId);
      }),
    dispose: () => Promise.resolve(),
  };
}

/** A process of its own, which outlives a train that dies. */
async function runGate(places: TrainPlaces, fence: Fence, commit: string): Promise<boolean> {
  const { machine, world, process, stateDirectory, defect } = places;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  await machine.step(process, 'start-gate', () => {
    machine
      .start('gate', trainGateMarker(stateDirectory, fence.token), async (self) => {
        const isGreen = await machine.step(
          self,
          'test',
          () => isHealthy(world.filesOf(commit)),
          machine.random.below(5_000),
        );
        resolve(isGreen || defect === 'red-is-green');
      })
      .onDeath.push(() => resolve(false));
  });
  return promise;
}
