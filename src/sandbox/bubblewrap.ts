import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

import { mkdir } from '../process/file-system.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import type { ProcessResult } from '../process/process-result.ts';
import { droppedOwner } from './dropped-owner.ts';
import { withSignal } from './exit-signal.ts';
import { HIDDEN_PLACES } from './hidden-places.ts';
import { layOver } from './layers.ts';
import type { Layering } from './layers.ts';
import { mountsOf, parentsWithin, realPath } from './mounts.ts';
import type { Mount } from './mounts.ts';
import { awaitNamespaceEnd } from './namespace-end.ts';
import { ownPlaces } from './own-places.ts';
import type { OwnPlaces } from './own-places.ts';
import { resourceLimits } from './resource-limits.ts';
import type { Cell, Command, EndElsewhere, Sandbox } from './sandbox.ts';
import { toolchainPaths } from './toolchain.ts';

/*
 * Cells by bubblewrap. Invariants:
 * 1. The root is read-only; what is hidden is an empty directory; only the lane, the cell's own home and /tmp, and what
 *    is named under `writable` can be changed.
 * 2. The cell is a pid namespace that dies with the process that started it: no process of it outlives that.
 * 3. Nothing in it has a capability, and nothing can gain one. Started as root, it runs as another user.
 */

const REPORT_DESCRIPTOR = 3;

/** @param layering null: overlays cannot be mounted here. */
export function bubblewrapSandbox(program: string, layering: Layering | null = null): Sandbox {
  const owner = droppedOwner();
  return {
    kind: 'bubblewrap',
    owner,
    limitsMemory: false,
    sharing: layering === null ? (owner === null ? 'copies' : 'links') : 'layers',
    async enclose(cell, command, bounded) {
      const own = await makeOwnPlaces(cell.scratch, owner);
      const home = homeOf(command.env['HOME'] ?? homedir());
      const overlaid = await layOver(cell, owner, layering);
      const mounts = mountsOf({ ...viewOf(cell, command, home, own), layers: overlaid?.binds ?? [] });
      // What is mounted there lies over the whole view: the command would be beneath it, where nothing is hidden.
      if (mounts.some(({ at }) => at === '/'))
        throw Object.assign(new Error('no sandbox: what lies at / cannot be hidden'), { code: 'sandbox-unavailable' });
      const args = [
        ...BASE,
        // A file system in memory, which no limit would count.
        '--bind',
        own.shared,
        '/dev/shm',
        '--remount-ro',
        '/dev',
        ...namespaces(cell, owner),
        ...(overlaid?.options ?? []),
        ...mounts.flatMap((mount) => mountArguments(mount, mounts)),
        ...mounts.flatMap((mount) => (mount.kind === 'hidden' ? ['--remount-ro', mount.at] : [])),
        '--chdir',
        realPath(cell.directory) ?? cell.directory,
        '--',
        ...dropUser(owner),
        // Processes are counted for the whole of that user: over all cells, and whatever else is his.
        ...resourceLimits({ ...cell.limits, ...(bounded?.processes === true && { processes: null }) }),
        ...command.argv,
      ];
      const env = { ...command.env, HOME: home, TMPDIR: '/tmp' };
      const [file, ...words] = [...(overlaid?.before ?? []), program, ...args] as [string, ...string[]];
      return { file, args: words, env, reports: true, judge, end, dispose: () => Promise.resolve() };
    },
  };
}

/** Where the operator's is. Users that have none are given `/`, or nothing. */
function homeOf(named: string): string {
  const at = isAbsolute(named) ? realPath(named) : null;
  return at === null || at === '/' ? '/tmp' : named;
}

const BASE: readonly string[] = [
  '--die-with-parent',
  // A process group of its own: a signal to the group of bwrap itself would end all at once, without grace.
  '--new-session',
  '--json-status-fd',
  String(REPORT_DESCRIPTOR),
  '--ro-bind',
  '/',
  '/',
  '--dev',
  '/dev',
  '--proc',
  '/proc',
];

function namespaces({ network }: Cell, owner: Owner | null): string[] {
  return [
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    ...(network === 'open' ? [] : ['--unshare-net']),
    // What drops the user needs these; it gives them up itself.
    ...(owner === null
      ? ['--unshare-user']
      : ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((name) => ['--cap-add', name])),
  ];
}

function dropUser(owner: Owner | null): string[] {
  if (owner === null) return [];
  const { uid, gid } = owner;
  const none = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...none, '--no-new-privs', '--'];
}

interface CellPlaces extends OwnPlaces {
  /** Of shared memory: on the disk, and counted there. */
  readonly shared: string;
}

async function makeOwnPlaces(scratch: string, owner: Owner | null): Promise<CellPlaces> {
  const own = { ...ownPlaces(scratch), shared: join(scratch, 'shm') };
  for (const path of [own.home, own.temporary, own.shared]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (owner !== null) give(path, owner);
  }
  return own;
}

function viewOf(cell: Cell, { env }: Command, home: string, own: OwnPlaces): Parameters<typeof mountsOf>[0] {
  const hidden = [...HIDDEN_PLACES, home, ...cell.hidden];
  const places = [...hidden, '/tmp', '/var/tmp'].map((path) => realPath(path) ?? path);
  return {
    hidden,
    readable: [
      ...toolchainPaths(env['PATH'] ?? '', home, places),
      ...(cell.network === 'none' ? [] : RESOLVER),
      ...cell.readable,
    ],
    writable: [cell.directory, ...cell.writable],
    own: [
      { at: '/tmp', from: own.temporary },
      { at: '/var/tmp', from: own.temporary },
      ...(home === '/tmp' ? [] : [{ at: home, from: own.home }]),
    ].filter(({ at }) => existsSync(at)),
  };
}

/** Where a link leads into /run: names could not be resolved. */
const RESOLVER: readonly string[] = ['/etc/resolv.conf', '/etc/hosts'];

function mountArguments(mount: Mount, mounts: readonly Mount[]): string[] {
  // Made by bwrap itself they would be closed to the user of the cell.
  const parents = parentsWithin(mount.at, mounts).flatMap((path) => ['--perms', '0755', '--dir', path]);
  switch (mount.kind) {
    case 'hidden':
      return [...parents, '--perms', '0755', '--tmpfs', mount.at];
    case 'read':
      return [...parents, '--ro-bind', mount.from, mount.at];
    case 'write':
      return [...parents, '--bind', mount.from, mount.at];
    default:
      return mount satisfies never;
  }
}

async function end({ report }: ProcessResult): Promise<EndElsewhere> {
  return { survivors: await awaitNamespaceEnd(report), ranOutOfMemory: false };
}

/** bwrap says by its report whether the command was started. */
function judge(result: ProcessResult, report: string): ProcessResult {
  if (result.kind !== 'exited') return result;
  if (!report.includes('"exit-code"')) {
    const said = result.stderr.toString('utf8').trim();
    const message = `the sandbox could not be made: ${said === '' ? `bwrap exited with ${result.code}` : said}`;
    return { ...result, kind: 'spawn-failed', errorCode: 'sandbox', message };
  }
  return withSignal(result);
}
