import { formatBytes } from '../../core/disk.ts';
import type { LowSpace } from '../../core/disk.ts';
import { isKilledGit, machineError } from '../../core/machine-error.ts';
import type { Snapshot } from '../../core/snapshot.ts';
import type { Output } from '../terminal/output.ts';

/** Says once that a run waits for room on the machine, and once that it goes on. */
export class RoomTeller {
  readonly #output: Output;
  #isLow = false;
  /** The last fault was no want of room. */
  #isKilled = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** What the disk reserve holds back. */
  look({ disk, tasks }: Snapshot): void {
    const waits = (...statuses: readonly string[]): boolean =>
      tasks.some(({ state }) => statuses.includes(state.status));
    const low = (waits('accepted', 'landing') ? disk.landing : null) ?? (waits('ready') ? disk.starting : null);
    if (low !== null && !this.#isLow) this.#output.say(lowLine(low, low === disk.landing ? 'lands' : 'starts'));
    if (low === null && this.#isLow) this.#output.say('there is room again; the run goes on');
    this.#isLow = low !== null;
  }

  /** A cycle failed for want of room, or because its git was killed; null: the next one did not. */
  fault(error: Error | null): void {
    if (error === null) return this.#output.say(`${this.#isKilled ? '' : 'there is room again; '}the run goes on`);
    this.#isKilled = isKilledGit(error);
    const advice = this.#isKilled ? ' The' : ' Make room (yard gc says what can go); the';
    this.#output.say(`waiting: ${machineError(error)?.message ?? error.message}`);
    this.#output.say(
      `Nothing half-done was recorded, and what runs goes on as far as it can.${advice} run goes on by itself.`,
    );
  }
}

function lowLine({ directory, freeBytes, neededBytes }: LowSpace, verb: 'starts' | 'lands'): string {
  return `waiting: ${formatBytes(freeBytes)} are free in ${directory}, and nothing more ${verb} below ${formatBytes(neededBytes)}; make room, and the run goes on by itself`;
}
