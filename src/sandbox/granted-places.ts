import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { chooseSandbox } from '../core/sandbox-choice.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import type { NamedPolicy } from '../core/sandbox-report.ts';
import type { Owner } from '../process/owner.ts';
import { droppedOwner } from './dropped-owner.ts';
import { isWithin, realPath } from './mounts.ts';
import { workTrees } from './work-trees.ts';

// What `read` and `write` of policies name: what no cell may be given, and what gives it nothing.

/** What cells must never be given. */
export interface Grounds {
  readonly root: string;
  readonly commonDirectory: string;
  /** Null: it is not known where it is. */
  readonly stateDirectory: string | null;
}

const KEYS = ['read', 'write'] as const;
type Key = (typeof KEYS)[number];

interface Forbidden {
  readonly path: string;
  readonly what: string;
  /** Whether what lies below it is forbidden as well; what contains it always is. */
  readonly below: boolean;
}

/** The path that an entry of `read` or `write` stands for. */
export function expandPlace(place: string): string {
  return place === '~' || place.startsWith('~/') ? join(homedir(), place.slice(1)) : place;
}

/** A sentence for each place that may not be given to a cell. */
export function refusedPlaces(policies: readonly NamedPolicy[], grounds: Grounds): string[] {
  const forbidden = { read: notToRead(grounds), write: notToWrite(grounds) };
  return placesOf(policies).flatMap(({ key, place, names }) => {
    const why = refusalOf(expandPlace(place), forbidden[key]);
    return why === null ? [] : [`${key} of ${names.join(', ')} names ${place}, which ${why}`];
  });
}

/**
 * A sentence for each place that gives a cell less than it says: it does not exist, or the cell's user may not.
 * @param owner whom the processes of cells run as, if not as the yard.
 */
export function placeWarnings(
  policies: readonly NamedPolicy[],
  support: SandboxSupport,
  owner: Owner | null = droppedOwner(),
): string[] {
  const held = policies.filter(({ policy }) => {
    const choice = chooseSandbox(policy.kind, support);
    return choice.kind === 'chosen' && choice.sandbox !== 'none';
  });
  return placesOf(held).flatMap(({ key, place, names }) => {
    const why = shortcoming(key, expandPlace(place), owner);
    return why === null ? [] : [`${key} of ${names.join(', ')}: ${place} ${why}`];
  });
}

interface Granted {
  readonly key: Key;
  readonly place: string;
  readonly names: string[];
}

/** Each place once, with all to whom it is given. */
function placesOf(policies: readonly NamedPolicy[]): Granted[] {
  const found = new Map<string, Granted>();
  for (const { name, policy } of policies) {
    for (const key of KEYS) {
      for (const place of new Set(policy[key])) {
        const granted = found.get(`${key} ${place}`) ?? { key, place, names: [] };
        granted.names.push(name);
        found.set(`${key} ${place}`, granted);
      }
    }
  }
  return [...found.values()];
}

const MACHINE: Forbidden = { path: '/', what: 'the whole machine', below: false };

function notToWrite(grounds: Grounds): Forbidden[] {
  return [
    MACHINE,
    { path: grounds.root, what: 'your checkout', below: true },
    { path: grounds.commonDirectory, what: 'the repository', below: true },
    ...workTrees(grounds.commonDirectory).map((path) => ({ path, what: 'a working tree of yours', below: true })),
    ...stateOf(grounds),
    ...['/proc', '/sys', '/dev'].map((path) => ({ path, what: path, below: true })),
    { path: homedir(), what: 'your whole home', below: false },
    ...['/run', '/tmp', '/var/tmp'].map((path) => ({ path, what: path, below: false })),
  ];
}

function notToRead(grounds: Grounds): Forbidden[] {
  return [
    MACHINE,
    ...stateOf(grounds),
    { path: '/proc', what: '/proc', below: true },
    { path: dirname(homedir()), what: 'the place of all homes', below: false },
  ];
}

function stateOf({ stateDirectory }: Grounds): Forbidden[] {
  return stateDirectory === null
    ? []
    : [{ path: stateDirectory, what: 'the state directory of the yard', below: true }];
}

function refusalOf(path: string, forbidden: readonly Forbidden[]): string | null {
  // Both what it is called and where it leads: neither may be forbidden.
  const ways = new Set([resolve(path), wayTo(path)]);
  for (const { path: at, what, below } of forbidden) {
    const from = wayTo(at);
    for (const way of ways) {
      if (way === from) return `is ${what}`;
      if (below && isWithin(way, from)) return `is in ${what}`;
      if (isWithin(from, way)) return `contains ${what}`;
    }
  }
  return null;
}

/** The path without links, of what does not exist as well: it may come to be. */
function wayTo(path: string): string {
  const plain = resolve(path);
  const real = realPath(plain);
  if (real !== null || dirname(plain) === plain) return real ?? plain;
  return join(wayTo(dirname(plain)), basename(plain));
}

function shortcoming(key: Key, path: string, owner: Owner | null): string | null {
  const real = realPath(path);
  if (real === null) {
    const comes = key === 'write' ? 'what is written there is thrown away' : 'there is nothing to read';
    return `does not exist: ${comes}`;
  }
  if (owner === null || isOpenTo(owner, real, key)) return null;
  return `cannot be ${key === 'write' ? 'changed' : 'read'} by it: cells run as nobody where the yard is root`;
}

/** By owner and mode alone: access lists are not looked at. */
function isOpenTo({ uid, gid }: Owner, path: string, key: Key): boolean {
  const stat = statSync(path);
  const bits = (key === 'write' ? 0o2 : 0o4) | (stat.isDirectory() ? 0o1 : 0);
  const shift = stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0;
  return ((stat.mode >> shift) & bits) === bits;
}
