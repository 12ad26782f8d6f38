import type { CellLimits } from '../core/cell-policy.ts';
import type { ContainerEngine } from '../core/sandbox-choice.ts';
import type { Owner } from '../process/owner.ts';
import { defaultMemoryBytes } from './default-memory.ts';
import type { Mount } from './mounts.ts';
import type { Cell } from './sandbox.ts';

export interface ContainerRequest {
  readonly engine: ContainerEngine;
  readonly image: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Where the engine writes the container's id once it has made it. */
  readonly idFile: string;
  readonly user: Owner;
  readonly mounts: readonly Mount[];
  readonly directory: string;
  readonly network: Cell['network'];
  readonly limits: CellLimits;
  /** Variables that pass from the engine's own environment into the container's: names, never values. */
  readonly variables: readonly string[];
  readonly argv: readonly [string, ...string[]];
}

/** The arguments of `docker` or `podman` that run a command in a container. */
export function containerArguments(request: ContainerRequest): string[] {
  const { image, name, labels, idFile, mounts, directory, variables, argv } = request;
  const [program, ...words] = argv;
  return [
    'run',
    '--rm',
    '--init',
    '--interactive',
    `--name=${name}`,
    ...Object.entries(labels).map(([label, value]) => `--label=${label}=${value}`),
    `--cidfile=${idFile}`,
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    // Where SELinux is on, the files of a lane would have to be relabelled instead.
    '--security-opt=label=disable',
    '--read-only',
    // What it says goes through us; the engine's own log would keep a second copy, without a bound.
    '--log-driver=none',
    ...userArguments(request),
    ...networkArguments(request),
    ...limitArguments(request.limits),
    ...mounts.map((mount) => `--mount=${mountValue(mount)}`),
    `--workdir=${directory}`,
    ...variables.map((variable) => `--env=${variable}`),
    // In place of the image's own, which may be anything.
    `--entrypoint=${program}`,
    image,
    ...words,
  ];
}

/** Whoever is nobody else's root: files of the lane are to belong to the same user within and without. */
function userArguments({ engine, user }: ContainerRequest): string[] {
  if (!engine.rootless) return [`--user=${user.uid}:${user.gid}`];
  // Docker's own root is the user who runs it; podman can keep the numbers.
  return engine.flavour === 'docker' ? ['--user=0:0'] : ['--userns=keep-id', `--user=${user.uid}:${user.gid}`];
}

function networkArguments({ engine, network }: ContainerRequest): string[] {
  if (network !== 'open') return ['--network=none'];
  // Podman has a way of its own without root, and names the machine `host.containers.internal` by itself.
  if (engine.flavour === 'podman') return [];
  return ['--network=bridge', '--add-host=host.docker.internal:host-gateway'];
}

const SHARES = 1024;
/** Each step of niceness counts for about a fifth. */
const NICE_STEP = 1.25;
const SHARES_MIN = 2;

function limitArguments({ memoryBytes, processes, fileBytes, nice }: CellLimits): string[] {
  const memory = memoryBytes ?? defaultMemoryBytes();
  const shares = Math.max(SHARES_MIN, Math.round(SHARES / NICE_STEP ** nice));
  return [
    `--memory=${memory}b`,
    // The same: none of it is swap.
    `--memory-swap=${memory}b`,
    `--pids-limit=${processes}`,
    `--ulimit=fsize=${fileBytes}:${fileBytes}`,
    '--ulimit=core=0:0',
    ...(nice > 0 ? [`--cpu-shares=${shares}`] : []),
  ];
}

function mountValue(mount: Mount): string {
  switch (mount.kind) {
    case 'hidden':
      return fields('type=tmpfs', `target=${mount.at}`, 'tmpfs-mode=0555');
    case 'read':
      return fields('type=bind', `source=${mount.from}`, `target=${mount.at}`, 'readonly');
    case 'write':
      return fields('type=bind', `source=${mount.from}`, `target=${mount.at}`);
    default:
      return mount satisfies never;
  }
}

/** A line of comma-separated values, as engines read it: paths may have commas and quotes. */
function fields(...values: readonly string[]): string {
  return values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',');
}
