import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { CellPolicy } from '../core/cell-policy.ts';
import type { ContainerSupport, SandboxSupport, Support } from '../core/sandbox-choice.ts';
import { currentBootId } from '../process/identity.ts';
import { writeFileDurably } from '../process/file.ts';
import { rm } from '../process/file-system.ts';
import { probeBubblewrap } from './probe.ts';
import { probeOverlay } from './probe-overlay.ts';
import { probeContainers } from './probe-containers.ts';

/**
 * What works on this machine of what policies ask for, found out by using it. What was found is kept in a file while
 * the machine runs, so that short commands need not find it out again.
 */
export class SupportFinder {
  readonly #path: string;
  readonly #file: string | null;
  readonly #directory: string;
  readonly #environment: Environment;
  /** By the engine that was asked for; found anew by each process, for it may have been stopped since. */
  readonly #containers = new Map<string, Promise<ContainerSupport>>();
  #found: Promise<Found> | null = null;

  /**
   * @param environment the operator's: where programs are, and the engine of containers.
   * @param directory on the disk of the state directory, which overlays are tried on.
   * @param keep whether what is found is kept there, and what was kept is believed.
   */
  constructor(environment: Environment, directory: string, keep: boolean) {
    this.#path = environment['PATH'] ?? '';
    this.#environment = environment;
    this.#directory = directory;
    this.#file = keep ? supportFile(directory) : null;
  }

  async find(policies: readonly CellPolicy[]): Promise<SandboxSupport> {
    const kinds = new Set(policies.map(({ kind }) => kind));
    const wantsBubblewrap = kinds.has('auto') || kinds.has('bubblewrap');
    const found = wantsBubblewrap ? await (this.#found ??= this.#findBubblewrap()) : null;
    return {
      bubblewrap: found?.bubblewrap ?? NOT_ASKED_FOR,
      container: await this.#findContainers(policies),
      overlay: found?.overlay ?? NOT_ASKED_FOR,
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

  async #findBubblewrap(): Promise<Found> {
    const known = this.#read();
    if (known !== null) return known;
    const bubblewrap = await probeBubblewrap(this.#path);
    const overlay = await probeOverlay(bubblewrap, this.#directory);
    const found = { bubblewrap, overlay };
    const kept: Kept = { bootId: currentBootId(), uid: process.getuid?.() ?? 0, path: this.#path, ...found };
    if (this.#file !== null) await writeFileDurably(this.#file, `${JSON.stringify(kept)}\n`);
    return found;
  }

  /** Only a bubblewrap that worked is believed: what did not may have been installed since. */
  #read(): Found | null {
    if (this.#file === null || !existsSync(this.#file)) return null;
    try {
      const kept = JSON.parse(readFileSync(this.#file, 'utf8')) as Partial<Kept>;
      const isOurs =
        kept.bootId === currentBootId() && kept.uid === (process.getuid?.() ?? 0) && kept.path === this.#path;
      const { bubblewrap, overlay } = kept;
      if (!isOurs || bubblewrap?.kind !== 'works' || overlay === undefined) return null;
      return statSync(bubblewrap.program, { throwIfNoEntry: false })?.isFile() === true
        ? { bubblewrap, overlay }
        : null;
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }
}

/** What was found before no longer counts: a run looks for itself. */
export async function forgetSupport(stateDirectory: string): Promise<void> {
  const file = supportFile(stateDirectory);
  // Where the state should be there may be anything: that is told by those who need it.
  if (existsSync(file)) await rm(file, { force: true });
}

function supportFile(stateDirectory: string): string {
  return join(stateDirectory, 'sandbox.json');
}

interface Found {
  readonly bubblewrap: Support;
  readonly overlay: Support;
}

interface Kept extends Found {
  readonly bootId: string;
  readonly uid: number;
  readonly path: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NOT_ASKED_FOR: Extract<Support, { kind: 'missing' }> = {
  kind: 'missing',
  why: 'the configuration does not ask for it',
};
