import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

import { orNull } from '../process/errno.ts';

/** What stands at a path of a cell. */
export type Mount =
  /** Nothing: an empty directory. */
  | { readonly kind: 'hidden'; readonly at: string }
  | { readonly kind: 'read' | 'write'; readonly at: string; readonly from: string };

export interface View {
  readonly hidden: readonly string[];
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Directories of ours that stand where others would: the cell's own home, its own /tmp. */
  readonly own: readonly { readonly at: string; readonly from: string }[];
  /** Directories of ours that stand within what is writable. */
  readonly layers?: readonly { readonly at: string; readonly from: string }[];
}

/**
 * What is to be mounted over a root that is readable throughout, outer places before those within them. The more
 * particular place wins: what is writable within what is hidden is writable, what is hidden within what is readable is
 * hidden. What does not exist is left out.
 */
export function mountsOf({ hidden, readable, writable, own, layers = [] }: View): Mount[] {
  const mounts = new Map<string, Mount>();
  for (const path of hidden) {
    const at = realPath(path);
    if (at !== null) mounts.set(at, { kind: 'hidden', at });
  }
  for (const { at, from } of own) {
    const place = realPath(at) ?? at;
    mounts.set(place, { kind: 'write', at: place, from });
    if (place !== at && isBelowOne(at, [...mounts.keys()])) mounts.set(at, { kind: 'write', at, from });
  }
  for (const kind of ['read', 'write'] as const) {
    for (const path of kind === 'read' ? readable : writable) {
      const from = realPath(path);
      if (from === null || from === sep) continue;
      mounts.set(from, { kind, at: from, from });
      // Its own name, too, where a link on the way is hidden.
      if (from !== path && isBelowOne(path, [...mounts.keys()])) mounts.set(path, { kind, at: path, from });
    }
  }
  for (const { at, from } of layers) {
    const place = realPath(at) ?? at;
    mounts.set(place, { kind: 'write', at: place, from });
    if (place !== at && isBelowOne(at, [...mounts.keys()])) mounts.set(at, { kind: 'write', at, from });
  }
  return [...mounts.values()]
    .toSorted((a, b) => depthOf(a.at) - depthOf(b.at) || (a.at < b.at ? -1 : 1))
    .filter((mount, _, all) => !isNeedless(mount, all));
}

/** Directories between the mounts that have to be made, outer ones first. */
export function parentsWithin(at: string, mounts: readonly Mount[]): string[] {
  const holder = mounts.filter((mount) => mount.at !== at && isWithin(at, mount.at)).at(-1);
  if (holder === undefined) return [];
  const parents: string[] = [];
  for (let path = dirname(at); path !== holder.at && isWithin(path, holder.at); path = dirname(path))
    parents.unshift(path);
  return parents;
}

/** A place that shows what would be seen there anyway. */
function isNeedless(mount: Mount, all: readonly Mount[]): boolean {
  const around = all.filter((other) => other.at !== mount.at && isWithin(mount.at, other.at)).at(-1);
  if (mount.kind === 'hidden') return around?.kind === 'hidden';
  if (mount.kind === 'read') return around === undefined ? mount.at === mount.from : isSame(mount, around);
  return isSame(mount, around);
}

/** Whether the outer mount is of the same kind and shows the same file there. */
function isSame(mount: Mount & { kind: 'read' | 'write' }, around: Mount | undefined): boolean {
  if (around === undefined || around.kind !== mount.kind) return false;
  return join(around.from, mount.at.slice(around.at.length)) === mount.from;
}

function isBelowOne(path: string, places: readonly string[]): boolean {
  return places.some((place) => isWithin(path, place));
}

/** Whether `path` is `place` or lies below it. */
export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(place === sep ? sep : `${place}${sep}`);
}

function depthOf(path: string): number {
  return path.split(sep).length;
}

/** Null: there is no such thing, or none that may be seen. */
export function realPath(path: string): string | null {
  return orNull(() => realpathSync.native(path));
}
