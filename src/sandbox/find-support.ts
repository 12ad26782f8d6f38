import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { CellPolicy } from '../core/cell-policy.ts';
import type { ContainerSupport, SandboxSupport, Support } from '../core/sandbox-choice.ts';
import { currentBootId } from '../process/identity.ts';
import { writeFileDurably } from '../process/file.ts';
import { rm } from '../process/file-system.ts';
import { probeBubblewrap } from './probe.ts';
import { probeContainers } from './probe-containers.ts';

/**
 * What works on this machine of what policies ask for, found out by using it. What was found is kept in a file while
 * the machine runs, so that short commands need not find it out again.
 */
export class SupportFinder {
  readonly #path: string;
  readonly #file: string | null;
  readonly #environment: Environment;
  /** By the engine that was asked for; found anew by each process, for it may have been stopped since. */
  readonly #containers = new Map<string, Promise<ContainerSupport>>();
  #bubblewrap: Promise<Support> | null = null;

  /**
   * @param environment the operator's: where programs are, and the engine of containers.
   * @param stateDirectory where what was found is kept; null: nowhere.
   */
  constructor(environment: Environment, stateDirectory: string | null) {
    this.#path = environment['PATH'] ?? '';
    this.#environment = environment;
    this.#file = stateDirectory === null ? null : supportFile(stateDirectory);
  }

  async find(policies: readonly CellPolicy[]): Promise<SandboxSupport> {
    const kinds = new Set(policies.map(({ kind }) => kind));
    const wantsBubblewrap = kinds.has('auto') || kinds.has('bubblewrap');
    return {
      bubblewrap: wantsBubblewrap ? await (this.#bubblewrap ??= this.#findBubblewrap()) : NOT_ASKED_FOR,
      container: await this.#findContainers(policies),
    };
  }

  /** One engine for all cells of a yard: what is left over is asked of it alone. */
  async #findContainers(policies: readonly CellPolicy[]): Promise<ContainerSupport> {
    const wanted = policies.filter(({ kind }) => kind === 'container').map(({ engine }) => engine);
    if (wanted.length === 0) return NOT_ASKED_FOR;
    const [named = 'auto', other] = new Set(wanted.filter((engine) => engine !== 'auto'));
    if (other !== undefined)
      return { kind: 'missing', why: `one yard has one engine for its containers, not ${named} and ${other}` };
    const found = this.#containers.get(named) ?? probeContainers(named, this.#environment);
    this.#containers.set(named, found);
    return found;
  }

  async #findBubblewrap(): Promise<Support> {
    const known = this.#read();
    if (known !== null) return known;
    const found = await probeBubblewrap(this.#path);
    const kept: Kept = { bootId: currentBootId(), uid: process.getuid?.() ?? 0, path: this.#path, bubblewrap: found };
    if (this.#file !== null) await writeFileDurably(this.#file, `${JSON.stringify(kept)}\n`);
    return found;
  }

  /** Only what worked is believed: what did not may have been installed since. */
  #read(): Support | null {
    if (this.#file === null || !existsSync(this.#file)) return null;
    try {
      const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as Partial<Kept>;
      const isOurs =
        kept.bootId === currentBootId() && kept.uid === (process.getuid?.() ?? 0) && kept.path === this.#path;
      const { bubblewrap } = kept;
      if (!isOurs || bubblewrap?.kind !== 'works') return null;
      return statSync(bubblewrap.program, { throwIfNoEntry: false })?.isFile() === true ? bubblewrap : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
}

/** What was found before no longer counts: a run looks for itself. */
export async function forgetSupport(stateDirectory: string): Promise<void> {
  await rm(supportFile(stateDirectory), { force: true });
}

function supportFile(stateDirectory: string): string {
  return join(stateDirectory, 'sandbox.json');
}

interface Kept {
  readonly bootId: string;
  readonly uid: number;
  readonly path: string;
  readonly bubblewrap: Support;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NOT_ASKED_FOR: Extract<Support, { kind: 'missing' }> = {
  kind: 'missing',
  why: 'the configuration does not ask for it',
};
