import type { CellPolicy } from '../core/cell-policy.ts';
import type { SandboxSupport, Support } from '../core/sandbox-choice.ts';
import { probeBubblewrap } from './probe.ts';

/** Looks once in a process for what the policies ask for, by using it. */
export class SupportFinder {
  readonly #path: string;
  #bubblewrap: Promise<Support> | null = null;

  /** @param path value of PATH. */
  constructor(path: string) {
    this.#path = path;
  }

  async find(policies: readonly CellPolicy[]): Promise<SandboxSupport> {
    const kinds = new Set(policies.map(({ kind }) => kind));
    const wantsBubblewrap = kinds.has('auto') || kinds.has('bubblewrap');
    return {
      bubblewrap: wantsBubblewrap ? await (this.#bubblewrap ??= probeBubblewrap(this.#path)) : NOT_ASKED_FOR,
      container: NOT_ASKED_FOR,
    };
  }
}

const NOT_ASKED_FOR: Support = { kind: 'missing', why: 'the configuration does not ask for it' };
