import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { impossible } from '../core/impossible.ts';
import { errnoOf } from './errno.ts';

/*
 * Faults on demand, for the tests of what happens when a process dies or its machine fails at this very place.
 *
 * F1. Without `YARD_FAILPOINTS` and `YARD_FAILPOINTS_DIR` in its environment a process tests one boolean, and no more.
 * F2. A file `mended` in the directory ends all faults: somebody has made room on the disk.
 * F3. With the directory, hits are counted over all processes of a scenario: each claims its number by making a file,
 *     so that exactly one process is the n-th. Without it each process counts its own.
 */

/** What passes the settings on: workers get them, agents and gates do not. */
const FAILPOINTS_VARIABLE = 'YARD_FAILPOINTS';
const FAILPOINTS_DIRECTORY_VARIABLE = 'YARD_FAILPOINTS_DIR';
/** Names of deliberate defects, with commas between them: what a campaign must catch. */
const DEFECTS_VARIABLE = 'YARD_DEFECTS';

/** Milliseconds by which a process's monotonic clock is ahead: to it, all leases of the others have expired. */
const CLOCK_VARIABLE = 'YARD_CLOCK_AHEAD_MS';

/** Any text: as if the machine had been restarted, which a test cannot do. */
const BOOT_VARIABLE = 'YARD_ANOTHER_BOOT';

const ACTIONS = ['kill', 'stop', 'error', 'enospc', 'delay'] as const;
type Action = (typeof ACTIONS)[number];

/** `delay` blocks for so long: longer than any cycle. */
const DELAY_MS = 1_500;

interface Fault {
  readonly name: string;
  /** The first hit is 1; 0 stands for every hit. */
  readonly hit: number;
  readonly action: Action;
}

/** What a failpoint throws for `error` and `enospc`: it looks like what the system says. */
class InjectedError extends Error {
  readonly code: 'EIO' | 'ENOSPC';
  /** A failed sync is told by this, whatever its code: nothing about the disk is certain after it. */
  readonly syscall: 'fsync' | 'failpoint';

  constructor(name: string, code: 'EIO' | 'ENOSPC') {
    super(`${code}: ${code === 'EIO' ? 'i/o error' : 'no space left on device'}, failpoint '${name}'`);
    this.name = 'InjectedError';
    this.code = code;
    this.syscall = /^(?:file|directory|file-system)\.sync:/.test(name) ? 'fsync' : 'failpoint';
  }
}

const faults = parseFaults(process.env[FAILPOINTS_VARIABLE] ?? '');
const directory = process.env[FAILPOINTS_DIRECTORY_VARIABLE] ?? '';
const defects: ReadonlySet<string> = new Set((process.env[DEFECTS_VARIABLE] ?? '').split(',').filter(Boolean));
const isArmed = faults.length > 0 || directory !== '';
const hits = new Map<string, number>();

/**
 * A place where a fault can be made to happen: at each boundary of an effect. Names are `<room>.<what>:<moment>`.
 *
 * @throws an error with the code `EIO` or `ENOSPC` where the settings ask for one.
 */
export function failpoint(name: string): void {
  if (!isArmed) return;
  const hit = count(name);
  if (faults.length > 0 && directory !== '' && existsSync(join(directory, 'mended'))) return;
  for (const fault of faults) {
    if (fault.name === name && (fault.hit === 0 || fault.hit === hit)) act(fault);
  }
}

/** A deliberate defect is switched on: the proof that the campaign would have caught it. */
export function isDefective(defect: string): boolean {
  return defects.size > 0 && defects.has(defect);
}

/** Makes this process believe in another boot of the machine. */
export const anotherBoot = process.env[BOOT_VARIABLE] ?? '';

/** How far this process's monotonic clock is to be ahead of the machine's. */
export const clockAheadMs = parseMilliseconds(process.env[CLOCK_VARIABLE] ?? '0');

/** The settings of this process, for the workers that it starts. */
export function failpointEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of [
    FAILPOINTS_VARIABLE,
    FAILPOINTS_DIRECTORY_VARIABLE,
    DEFECTS_VARIABLE,
    CLOCK_VARIABLE,
    BOOT_VARIABLE,
  ]) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** `name:n:action`, with commas between; the name itself has a colon. Throws for anything else: a test would lie. */
function parseFaults(text: string): Fault[] {
  return text
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, name = '', hit = '', action = ''] = /^(.+):(\d+):([a-z]+)$/u.exec(entry) ?? [];
      const known = ACTIONS.find((each) => each === action);
      if (known === undefined)
        throw new Error(`${FAILPOINTS_VARIABLE}: ${entry} is not <name>:<n>:<${ACTIONS.join('|')}>`);
      return { name, hit: Number(hit), action: known };
    });
}

/** With NaN for a time no lease would ever be found expired. */
function parseMilliseconds(text: string): number {
  if (!/^\d+$/u.test(text)) throw new Error(`${CLOCK_VARIABLE}: ${text} is no number of milliseconds`);
  return Number(text);
}

function count(name: string): number {
  let hit = (hits.get(name) ?? 0) + 1;
  if (directory !== '') {
    mkdirSync(directory, { recursive: true });
    while (!claim(join(directory, `${name}.${hit}`))) hit += 1;
  }
  hits.set(name, hit);
  return hit;
}

function claim(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, `${process.pid} ${process.argv.slice(2, 6).join(' ')}\n`);
    closeSync(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function act({ name, action }: Fault): void {
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return block(Infinity);
    case 'stop':
      return void process.kill(process.pid, 'SIGSTOP');
    case 'delay':
      return block(DELAY_MS);
    case 'error':
      throw new InjectedError(name, 'EIO');
    case 'enospc':
      throw new InjectedError(name, 'ENOSPC');
    default:
      throw impossible(action satisfies never);
  }
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
