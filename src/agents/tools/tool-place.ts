import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { Removal } from '../../process/removal.ts';
import { makeTemporary, sweepLeftOvers } from '../../process/temporary.ts';

/*
 * Where the socket of an attempt's tools is. The path of a socket can have some hundred bytes: too few for one in the state
 * directory. Each directory tells by its name which yard it belongs to, so that only that yard removes it, and which
 * process made it, so that nobody removes what a living one uses.
 */

const PLACES = '/tmp';

/** Makes a directory for one socket. To be removed by whoever made it. */
export function makeToolPlace(stateDirectory: string): Promise<string> {
  return makeTemporary(join(PLACES, prefixOf(stateDirectory)));
}

/** Removes those that dead processes of this yard have left. */
export function sweepToolPlaces(
  stateDirectory: string,
  onLeft: (removal: Removal & { kind: 'left' }) => Promise<void>,
): Promise<string[]> {
  const prefix = prefixOf(stateDirectory);
  return sweepLeftOvers(PLACES, { spares: (name) => !name.startsWith(prefix) || !isOurs(join(PLACES, name)), onLeft });
}

function prefixOf(stateDirectory: string): string {
  return `yard-tools-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8)}-`;
}

/** Anybody may make a directory there, of any name. */
function isOurs(path: string): boolean {
  const uid = process.geteuid?.();
  return uid === 0 || lstatSync(path, { throwIfNoEntry: false })?.uid === uid;
}
