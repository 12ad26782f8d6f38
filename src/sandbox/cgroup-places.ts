import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { orNull } from '../process/errno.ts';
import { writeFileSync } from '../process/file-system.ts';

/*
 * Where cgroups of cells may be made. Invariants:
 * 1. Always below a cgroup that this process is in itself: what bounds the yard bounds its cells.
 * 2. What is there already is changed in one way only: a controller of memory or of processes is switched on for the
 *    children of a cgroup that has it and may be written to.
 */

/** What a cgroup can bound. */
export type Controller = 'memory' | 'pids';

export interface CgroupPlace {
  /** Where a directory for a cell can be made. */
  readonly parent: string;
  /** 2: one hierarchy with all controllers, and with `cgroup.kill`. */
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
}

const CONTROLLERS: readonly Controller[] = ['memory', 'pids'];

/** One for each hierarchy that has something to give; none where there are no cgroups, or none that we may write to. */
export function findCgroupPlaces(): CgroupPlace[] {
  if (process.platform !== 'linux') return [];
  return placesOf(read('/proc/self/mountinfo') ?? '', read('/proc/self/cgroup') ?? '');
}

/** @param mountInfo proc_pid_mountinfo(5). @param ownGroups proc_pid_cgroup(5). */
export function placesOf(mountInfo: string, ownGroups: string): CgroupPlace[] {
  const own = parseOwn(ownGroups);
  return parseMounts(mountInfo).flatMap((mount): CgroupPlace[] => {
    const path = own.find(({ names }) => isOf(mount, names))?.path;
    const directory = path === undefined ? null : within(mount, path);
    if (directory === null) return [];
    const place = mount.version === 2 ? placeInTwo(directory, mount.point) : placeInOne(directory, mount);
    return place === null ? [] : [place];
  });
}

interface CgroupMount {
  readonly version: 1 | 2;
  readonly point: string;
  /** Which cgroup is seen there. */
  readonly root: string;
  readonly controllers: readonly Controller[];
}

/** Lines of proc_pid_mountinfo(5): id, parent, device, root, mount point, options, fields, `-`, type, source, options. */
function parseMounts(text: string): CgroupMount[] {
  return text.split('\n').flatMap((line): CgroupMount[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = before.split(' ').map(unescaped);
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2') return [{ version: 2, point, root, controllers: [] }];
    const controllers = CONTROLLERS.filter((name) => options.split(',').includes(name));
    return type === 'cgroup' && controllers.length > 0 ? [{ version: 1, point, root, controllers }] : [];
  });
}

/** Lines of cgroups(7): `4:memory:/path`; of version 2 `0::/path`. */
function parseOwn(text: string): { readonly names: readonly string[]; readonly path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, , names, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    return names === undefined || path === undefined ? [] : [{ names: names.split(','), path }];
  });
}

function isOf({ version, controllers }: CgroupMount, names: readonly string[]): boolean {
  return version === 2 ? names[0] === '' : controllers.some((name) => names.includes(name));
}

function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));
}

/** Where a cgroup is seen; null: it lies outside of what is mounted. */
function within({ point, root }: CgroupMount, path: string): string | null {
  const below = relative(root, path);
  return below === '..' || below.startsWith('../') ? null : join(point, below);
}

function placeInOne(own: string, { controllers }: CgroupMount): CgroupPlace | null {
  return mayWrite(own) ? { parent: own, version: 1, controllers } : null;
}

/**
 * Version 2 gives controllers to the children of a cgroup only when no process is in that itself (but the topmost), so
 * that ours mostly cannot have children that are bounded: then it is the nearest one above.
 */
function placeInTwo(own: string, top: string): CgroupPlace | null {
  let best: CgroupPlace | null = null;
  for (let parent = own; ; parent = dirname(parent)) {
    // A process moves only where its mover may write to the nearest cgroup that holds both ends.
    if (!mayWrite(parent) || !mayWrite(join(parent, 'cgroup.procs'))) break;
    const controllers = switchOn(parent);
    if (best === null || controllers.length > best.controllers.length) best = { parent, version: 2, controllers };
    if (controllers.length === CONTROLLERS.length || parent === top) break;
  }
  return best;
}

/** Which of the controllers the children have. */
function switchOn(parent: string): Controller[] {
  const has = (file: string, name: Controller): boolean => wordsOf(join(parent, file)).includes(name);
  for (const name of CONTROLLERS) {
    if (!has('cgroup.controllers', name) || has('cgroup.subtree_control', name)) continue;
    attempt(() => writeFileSync(join(parent, 'cgroup.subtree_control'), `+${name}`));
  }
  return CONTROLLERS.filter((name) => has('cgroup.subtree_control', name));
}

function wordsOf(file: string): string[] {
  return (read(file) ?? '').trim().split(' ');
}

function mayWrite(path: string): boolean {
  return attempt(() => accessSync(path, constants.W_OK));
}

/** Null where it cannot be read: that a machine has no such thing is no failure. */
export function read(file: string): string | null {
  return orNull(() => readFileSync(file, 'utf8'));
}

/** False when the system refused: what it refuses is measured instead. */
export function attempt(action: () => void): boolean {
  return orNull(action) !== null;
}
