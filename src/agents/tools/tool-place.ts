import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import { chmodSync } from '../../process/file-system.ts';
import type { Removal } from '../../process/removal.ts';
import { makeTemporary, sweepLeftOvers } from '../../process/temporary.ts';

/*
 * Where the socket of an attempt's tools is. The path of a socket can have some hundred bytes: too few for one in the state
 * directory. Each directory tells by its name which yard it belongs to, so that only that yard removes it, and which
 * process made it, so that nobody removes what a living one uses.
 */

const PLACES = '/tmp';

/** Others, in a cell, may go through it to what is theirs; they cannot list it, nor change it. */
const PASSABLE = 0o711;

/**
 * Makes a directory for one socket, to be removed by whoever made it. It is never given away: what is not its user's own,
 * a sweep leaves alone.
 * @param isForOthers the socket is to be that of another user.
 */
export async function makeToolPlace(stateDirectory: string, isForOthers = false): Promise<string> {
  const directory = await makeTemporary(join(PLACES, prefixOf(stateDirectory)));
  if (isForOthers) chmodSync(directory, PASSABLE);
  return directory;
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

/**
 * Anybody may make a directory there, of any name. Root, too, leaves that to them: who may change a tree while it is removed
 * can lead a removal elsewhere.
 */
function isOurs(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.uid === process.geteuid?.();
}
