import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { CellPolicy, Network } from '../core/cell-policy.ts';
import { impossible } from '../core/impossible.ts';
import { chooseSandbox } from '../core/sandbox-choice.ts';
import type { SandboxKind, SandboxSupport } from '../core/sandbox-choice.ts';
import { killEverywhere } from '../process/host.ts';
import { bubblewrapSandbox } from './bubblewrap.ts';
import { ContainerRegister } from './container-register.ts';
import { containerSandbox } from './container.ts';
import { expandPlace } from './granted-places.ts';
import { findLayering } from './layers.ts';
import { NO_SANDBOX } from './none.ts';
import { runInCell } from './run-in-cell.ts';
import type { CellResult, CellRunOptions } from './run-in-cell.ts';
import type { Cell, Command, Layer, Sandbox } from './sandbox.ts';
import { workTrees } from './work-trees.ts';

export interface CellPlaces {
  readonly stateDirectory: string;
  readonly repository: { readonly root: string; readonly commonDirectory: string };
  /** What was found to work when the configuration was read. */
  readonly support: SandboxSupport;
  /** Program and arguments that start this package itself: what it consists of can be read in every cell. */
  readonly self: readonly string[];
  /** Takes secrets out of what is logged of a cell. */
  readonly redact: (text: string) => string;
}

/** What one run in a cell has of its own. */
export interface CellRequest {
  readonly directory: string;
  /** Its own, as the directory is: an outbox. */
  readonly writable?: readonly string[];
  readonly readable?: readonly string[];
  readonly scratch: string;
  readonly egressLog: string;
  readonly layers?: readonly Layer[];
}

export interface CellDescription {
  readonly sandbox: SandboxKind;
  readonly network: Network;
  /** Of a container. */
  readonly image?: string;
}

/** This package itself, as a program in a cell. */
export interface OwnProgram {
  readonly argv: readonly string[];
  /** What the cell must be shown for it, beyond what every cell is shown. */
  readonly readable: readonly string[];
}

/** Runs a command in the cell that was asked for. */
export type RunInCell = (command: Command, options: CellRunOptions) => Promise<CellResult>;

/** Makes the cells of one yard. */
export class Cells {
  readonly #places: CellPlaces;
  readonly #hidden: readonly string[];
  readonly #containers: ContainerRegister;

  constructor(places: CellPlaces) {
    this.#places = places;
    const { root, commonDirectory } = places.repository;
    this.#containers = new ContainerRegister(places.stateDirectory);
    this.#hidden = [places.stateDirectory, root, commonDirectory, ...workTrees(commonDirectory)];
  }

  /**
   * @throws Error with the code `sandbox-unavailable` when what the policy asks for by name did not work when the
   * configuration was read.
   */
  sandboxFor(policy: CellPolicy): Sandbox {
    const { support } = this.#places;
    const choice = chooseSandbox(policy.kind, support);
    if (choice.kind === 'unavailable') {
      throw Object.assign(new Error(`no sandbox: ${choice.why}`), { code: 'sandbox-unavailable' });
    }
    switch (choice.sandbox) {
      case 'none':
        return NO_SANDBOX;
      case 'bubblewrap': {
        if (support.bubblewrap.kind !== 'works') throw new Error('bubblewrap was chosen although it does not work');
        return bubblewrapSandbox(support.bubblewrap.program, support.overlay.kind === 'works' ? findLayering() : null);
      }
      case 'container':
        return this.#containerSandbox(policy);
      default:
        throw impossible(choice.sandbox satisfies never);
    }
  }

  /** What holds a command by this policy, for evidence and logs. */
  describe(policy: CellPolicy): CellDescription {
    const { kind } = this.sandboxFor(policy);
    const { image } = policy;
    const network = kind === 'none' ? 'open' : policy.network;
    return { sandbox: kind, network, ...(kind === 'container' && image !== null ? { image } : {}) };
  }

  /** What starts this package in a cell by this policy. In a container it is the Node of the image that does. */
  ownProgram(policy: CellPolicy): OwnProgram {
    const { kind } = this.sandboxFor(policy);
    const [, script = ''] = this.#places.self;
    return { argv: this.#argv(kind), readable: kind === 'container' ? [packageRoot(script)] : [] };
  }

  #argv(kind: SandboxKind): readonly string[] {
    const [, ...scripts] = this.#places.self;
    return kind === 'container' ? ['node', ...scripts] : this.#places.self;
  }

  #containerSandbox({ image }: CellPolicy): Sandbox {
    const { support, stateDirectory } = this.#places;
    if (support.container.kind !== 'works') throw new Error('containers were chosen although they do not work');
    if (image === null) {
      throw Object.assign(new Error('no sandbox: a container needs an image'), { code: 'sandbox-unavailable' });
    }
    return containerSandbox({ engine: support.container, image, register: this.#containers, yard: stateDirectory });
  }

  /** Ends, at once, what a process that died has left of the cells under this marker. */
  async end(marker: string): Promise<readonly number[]> {
    const { survivors } = await killEverywhere({ leader: null, marker, graceMs: 0 }, this.#containers);
    return survivors;
  }

  /** What a run in this cell is: the one way to start an agent, a gate or a prewarm. */
  enter(policy: CellPolicy, request: CellRequest): RunInCell {
    const sandbox = this.sandboxFor(policy);
    const cell = this.#cell(policy, request, sandbox.kind);
    return (command, options) => runInCell(sandbox, cell, command, options);
  }

  #cell(policy: CellPolicy, request: CellRequest, kind: SandboxKind): Cell {
    const { directory, scratch, egressLog, writable = [], readable = [], layers = [] } = request;
    return {
      directory,
      writable: [...writable, ...policy.write.map(expandPlace)],
      counted: writable,
      readable: [...this.#ownFiles(kind, policy.network), ...readable, ...policy.read.map(expandPlace)],
      hidden: this.#hidden,
      scratch,
      network: policy.network,
      bridge: [...this.#argv(kind), '_egress'],
      limits: policy.limits,
      egressLog,
      redact: this.#places.redact,
      layers,
    };
  }

  /**
   * This package, with what it depends on, and its Node: agents of ours are programs of it. In a container our Node would
   * stand in the place of the image's; the package is there only to lead to the hosts that are named.
   */
  #ownFiles(kind: SandboxKind, network: Network): string[] {
    const [program = '', script = ''] = this.#places.self;
    const wanted = kind === 'container' ? [] : [program];
    if (kind !== 'container' || typeof network !== 'string') wanted.push(packageRoot(script));
    return wanted.filter((path) => path !== '');
  }
}

/** The directory above `node_modules`' own, where the package is installed in one; else that of its `package.json`. */
function packageRoot(script: string): string {
  for (let path = dirname(script); path !== dirname(path); path = dirname(path)) {
    if (!existsSync(join(path, 'package.json'))) continue;
    return dirname(path).endsWith('/node_modules') ? dirname(path) : path;
  }
  return dirname(script);
}
