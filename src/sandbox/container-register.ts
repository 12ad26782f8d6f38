import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ContainerEngine } from '../core/sandbox-choice.ts';
import { errnoOf } from '../process/errno.ts';
import { writeFileDurably } from '../process/file.ts';
import { mkdir, rm } from '../process/file-system.ts';
import type { Elsewhere } from '../process/host.ts';
import { currentBootId } from '../process/identity.ts';
import { entriesOf } from '../process/temporary.ts';
import { removeContainer } from './container-removal.ts';

/*
 * Which containers may run for a yard: a container outlives whoever asked for it, and no process table has to show it.
 * Invariants:
 * 1. A container's record is written before its engine is asked to make it, and removed only when the engine has said
 *    that there is no such container, its program has ended without having made one, or the machine was restarted.
 * 2. No engine is asked anything while there is no record.
 */

export interface ContainerRecord {
  /** By which its engine knows it. */
  readonly name: string;
  /** Empty: it belongs to nothing that is ever taken up again. */
  readonly marker: string;
  readonly engine: ContainerEngine;
  readonly bootId: string;
}

export class ContainerRegister implements Elsewhere {
  readonly #directory: string;

  constructor(stateDirectory: string) {
    this.#directory = join(stateDirectory, 'containers');
  }

  async add(name: string, marker: string, engine: ContainerEngine): Promise<ContainerRecord> {
    const { program, flavour, rootless, environment } = engine;
    const record: ContainerRecord = {
      name,
      marker,
      engine: { program, flavour, rootless, environment },
      bootId: currentBootId(),
    };
    await mkdir(this.#directory, { recursive: true });
    await writeFileDurably(this.#file(name), `${JSON.stringify(record)}\n`);
    return record;
  }

  /** Of all containers that may run. */
  records(): ContainerRecord[] {
    return entriesOf(this.#directory)
      .filter((name) => name.endsWith(SUFFIX))
      .flatMap((name) => readRecord(join(this.#directory, name)) ?? []);
  }

  has(marker: string): boolean {
    return this.records().some((record) => record.marker === marker);
  }

  async end(marker: string): Promise<readonly number[]> {
    const records = this.records().filter((record) => record.marker === marker);
    return (await Promise.all(records.map((record) => this.endOne(record)))).flat();
  }

  /** Ends one container, whatever state it is in, or is in no more. */
  async endOne({ name, engine, bootId }: ContainerRecord): Promise<readonly number[]> {
    const isGone = await removeContainer(engine, name);
    // The engine's machine may be a virtual one, whose pids are not ours.
    if (!isGone && bootId === currentBootId()) return [0];
    return this.forget({ name });
  }

  /** Of a container that is not there, for certain. */
  async forget({ name }: Pick<ContainerRecord, 'name'>): Promise<readonly number[]> {
    await rm(this.#file(name), { force: true });
    return [];
  }

  #file(name: string): string {
    return join(this.#directory, `${name}${SUFFIX}`);
  }
}

const SUFFIX = '.json';

/** Null where it has just been removed. */
function readRecord(path: string): ContainerRecord | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ContainerRecord;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
