import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import type { ContainerEngine } from '../core/sandbox-choice.ts';
import { inertLine } from '../core/inert.ts';
import { systemClock } from '../process/clock.ts';
import { allowedEnvironment } from '../process/environment.ts';
import type { Owner } from '../process/owner.ts';
import type { ProcessResult } from '../process/process-result.ts';
import { containerArguments } from './container-arguments.ts';
import { containerMounts, makeMountPoints } from './container-mounts.ts';
import { ranOutOfMemory } from './container-memory.ts';
import type { ContainerRegister } from './container-register.ts';
import { droppedOwner } from './dropped-owner.ts';
import { SIGNALLED, withSignal } from './exit-signal.ts';
import { realPath } from './mounts.ts';
import type { Command, EndElsewhere, Sandbox } from './sandbox.ts';

/*
 * Cells by containers. Invariants:
 * 1. What runs in one sees its image, read-only, and of this machine only what the cell names, each at its own path.
 * 2. It has no capability, gains none, and is not root unless root there is nobody but us (rootless docker).
 * 3. A container that may run has a record; that goes only when the engine says that the container is gone.
 * 4. No value of the environment is in the arguments of any program.
 */

export interface ContainerSetting {
  readonly engine: ContainerEngine;
  readonly image: string;
  readonly register: ContainerRegister;
  /** By which all containers of one yard are found. */
  readonly yard: string;
}

export function containerSandbox({ engine, image, register, yard }: ContainerSetting): Sandbox {
  const owner = droppedOwner();
  return {
    kind: 'container',
    owner,
    limitsMemory: true,
    sharing: 'copies',
    async enclose(cell, command, _, marker = '') {
      const named = command.env['HOME'] ?? homedir();
      const home = isAbsolute(named) && named !== '/' ? named : '/tmp';
      const mounts = containerMounts(cell, home);
      await makeMountPoints(mounts, cell.scratch, owner);
      const name = `yard-${randomUUID()}`;
      const idFile = join(cell.scratch, `${name}.id`);
      const env = { ...allowedEnvironment([], {}), ...command.env, ...engine.environment, HOME: home, TMPDIR: '/tmp' };
      const args = containerArguments({
        engine,
        image,
        name,
        labels: { [YARD_LABEL]: hash(yard), ...(marker === '' ? {} : { [MARKER_LABEL]: hash(marker) }) },
        idFile,
        user: owner ?? self(),
        mounts,
        directory: realPath(cell.directory) ?? cell.directory,
        network: cell.network,
        limits: cell.limits,
        variables: variablesOf(command),
        argv: command.argv,
      });
      const record = await register.add(name, marker, engine);
      let isEnded = false;
      const sinceMs = systemClock.nowMs();
      const end = async (result: ProcessResult): Promise<EndElsewhere> => {
        isEnded = true;
        // The engine's program has come to its own end without a container: there is none, engine or no engine.
        const isNone = (result.kind === 'exited' || result.kind === 'spawn-failed') && !existsSync(idFile);
        const survivors = await (isNone ? register.forget(record) : register.endOne(record));
        const wasKilled = result.kind === 'exited' && result.code === KILLED;
        return { survivors, ranOutOfMemory: wasKilled && (await ranOutOfMemory(engine, name, sinceMs)) };
      };
      return {
        file: engine.program,
        args,
        env,
        reports: false,
        judge: (result) =>
          judge(result, {
            engine,
            isMade: existsSync(idFile),
            isBridged: cell.network !== 'open' && cell.network !== 'none',
          }),
        end,
        dispose: async () => {
          if (!isEnded) await register.endOne(record);
        },
      };
    },
  };
}

const YARD_LABEL = 'yardmaster.yard';
const MARKER_LABEL = 'yardmaster.marker';

/** A label is read by everyone who may ask the engine; paths and names of tasks are not theirs. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function self(): Owner {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** The image's own count: its programs are not where this machine has them. */
const OF_THE_IMAGE = new Set(['PATH', 'SHELL']);
/** Podman takes a `*` for any number of variables, and neither knows what a shell's functions are called. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function variablesOf({ env }: Command): string[] {
  const names = new Set([...Object.keys(env), 'HOME', 'TMPDIR']);
  return [...names].filter((name) => PLAIN_NAME.test(name) && !OF_THE_IMAGE.has(name)).toSorted();
}

const ENGINE_FAILED = 125;
const NOT_FOUND = 127;
const KILLED = SIGNALLED + constants.signals.SIGKILL;
const WHY_MAX = 1_000;

interface Asked {
  readonly engine: ContainerEngine;
  readonly isMade: boolean;
  /** Our own way to the network was put before the command. */
  readonly isBridged: boolean;
}

/**
 * An engine gives back the command's code, 128 and the number of the signal that ended it, or 125 to 127 for what kept
 * it from starting. Commands exit with these three, too: what tells is that there is no container, or that the engine
 * says so. (A command can say the same words. It gains no more by it than by ending itself.)
 */
function judge(result: ProcessResult, { engine, isMade, isBridged }: Asked): ProcessResult {
  if (result.kind !== 'exited') return result;
  const { code } = result;
  if (code >= ENGINE_FAILED && code <= NOT_FOUND) {
    const said = result.stderr.toString('utf8');
    if (!isMade || SAID[engine.flavour].test(said)) return notStarted(result, said, isMade && isBridged);
    return result;
  }
  return withSignal(result);
}

/** How an engine, or the init that it puts first, begins to say why a command was not started. */
const SAID = {
  docker: /^(?:docker: |\[FATAL tini )/mu,
  podman: /^Error: .*(?:OCI|runc|crun|executable file|statfs|image|container|network|mount)/mu,
} as const;

function notStarted(result: ProcessResult, said: string, isBridged: boolean): ProcessResult {
  const why = inertLine(said.replace(/\n+Run '[^']+' for more information\s*$/u, '').trim(), WHY_MAX);
  const hint = isBridged ? ' (to name hosts takes Node 24 in the image, as node)' : '';
  const message = `the container could not be started: ${why === '' ? 'its engine does not say why' : why}${hint}`;
  const { stdout, stderr, stdoutTruncated, stderrTruncated, report, durationMs, survivors } = result;
  const output = { stdout, stderr, stdoutTruncated, stderrTruncated, report, durationMs, survivors };
  return { kind: 'spawn-failed', errorCode: 'sandbox', message, ...output };
}
