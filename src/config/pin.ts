import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { writeFileDurably } from '../process/file.ts';
import type { Config } from './schema.ts';
import type { YamlValue } from './yaml.ts';
import { mkdir } from '../process/file-system.ts';

/**
 * What an attempt or the train works with, read once by the scheduler from the operator's checkout: an edit of the
 * configuration never reaches work that has begun.
 */
export interface Pin {
  readonly config: Config;
  /** Content of `info/exclude` and `core.excludesFile`. */
  readonly excludes: string;
  readonly repository: {
    readonly root: string;
    readonly commonDirectory: string;
    readonly name: string;
    readonly format: 'sha1' | 'sha256';
  };
  /** What holds agents and gates on this machine. Null in the pin of somebody who only steers: no work is started with it. */
  readonly sandboxes: SandboxSupport | null;
  /** Recipes of the replay agents, by agent name, as plain data. */
  readonly recipes: Readonly<Record<string, unknown>>;
  /** The configuration by key, as its files write it: what has changed since is told by it. None of an older version. */
  readonly values?: Readonly<Record<string, YamlValue>>;
}

/** Keeps a pin under the hash of its content and returns the hash. The same pin is written once, unless it was damaged. */
export async function writePin(stateDirectory: string, pin: Pin): Promise<string> {
  const text = JSON.stringify(pin);
  const hash = hashOf(text);
  const path = pinPath(stateDirectory, hash);
  if (findPin(stateDirectory, hash) === null) {
    await mkdir(join(stateDirectory, 'pins'), { recursive: true });
    await writeFileDurably(path, text);
  }
  return hash;
}

/** What the pin would be kept under. */
export function pinHashOf(pin: Pin): string {
  return hashOf(JSON.stringify(pin));
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

export function readPin(stateDirectory: string, hash: string): Pin {
  return JSON.parse(readFileSync(pinPath(stateDirectory, hash), 'utf8')) as Pin;
}

/** Null where it is gone, or not what its name says: a pin is made again, so that this stops nobody who only looks. */
export function findPin(stateDirectory: string, hash: string): Pin | null {
  const path = pinPath(stateDirectory, hash);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  return hashOf(text) === hash ? (JSON.parse(text) as Pin) : null;
}

function pinPath(stateDirectory: string, hash: string): string {
  return join(stateDirectory, 'pins', `${hash}.json`);
}
