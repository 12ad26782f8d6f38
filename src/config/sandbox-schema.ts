import { z } from 'zod';

import type { CellPolicy } from '../core/cell-policy.ts';
import { readEgressRule } from '../core/egress-rule.ts';
import { parseSize, SIZE } from './size.ts';

// `sandbox` of the configuration: what agents, gates and prewarms may reach, and how much they may use.

const MIB = 1024 ** 2;

/** One reason for each: a text that is no size is not also too small. */
function size(least: { readonly text: string; readonly bytes: number }) {
  return z
    .string()
    .regex(SIZE, { error: 'is not a size; write 500MB or 2GiB', abort: true })
    .refine((value) => (parseSize(value) ?? 0) >= least.bytes, `must be at least ${least.text}`);
}

/** With less no program starts. */
const roomy = size({ text: '16MiB', bytes: 16 * MIB });

const kind = z.enum(['auto', 'none', 'bubblewrap', 'container']);

const host = z
  .string()
  .max(300)
  .superRefine((value, context) => {
    const read = readEgressRule(value);
    if (read.kind === 'malformed') context.addIssue(`is not a host that can be listed: ${read.why}`);
  });

const network = z
  .union([z.enum(['open', 'none']), z.array(host).min(1)])
  .meta({ description: 'open, none, or the hosts that may be reached (HTTPS through a proxy of the yard)' });

const PLACE = /^(?:~(?:\/|$)|\/)/;
const places = z.array(
  z
    .string()
    .max(4096)
    .regex(PLACE, { error: 'is not an absolute path, nor one that begins with ~/', abort: true })
    .refine((value) => !value.includes('\0'), 'has a NUL character'),
);

const limits = z.strictObject({
  memory: roomy
    .optional()
    .meta({ description: 'Memory of all its processes; four fifths of the machine’s unless said' }),
  processes: z.int().min(16).max(1_000_000).optional().meta({ description: 'Processes and threads at once' }),
  fileSize: size({ text: '1B', bytes: 1 }).optional().meta({ description: 'Of one file' }),
  disk: roomy.optional().meta({ description: 'What it may add to its lane, its home and its temporary directory' }),
  nice: z.int().min(0).max(19).optional().meta({ description: 'CPU niceness' }),
});

const cellKeys = {
  kind: kind.optional().meta({ description: 'auto: bubblewrap where it works, else none' }),
  network: network.optional(),
  read: places.optional().meta({ description: 'Places that it may read besides: absolute, or beginning with ~/' }),
  write: places.optional().meta({ description: 'Places that it may change besides, such as an agent’s own ~/.config' }),
  limits: limits.optional(),
  image: z
    .string()
    .max(500)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/, 'is not the name of an image')
    .optional()
    .meta({ description: 'Of a container' }),
  engine: z.enum(['auto', 'docker', 'podman']).optional().meta({ description: 'Program that runs containers' }),
};

/** Of one agent or gate: a kind, or what differs from `sandbox`. */
export const cellSchema = z.union([kind, z.strictObject(cellKeys)]);

type CellInput = z.output<typeof cellSchema>;

export const sandboxSchema = z
  .union([
    kind,
    z.strictObject({ agents: cellSchema.optional(), gates: cellSchema.optional(), prewarm: cellSchema.optional() }),
  ])
  .meta({ description: 'What agents, gates and prewarms may reach' });

type SandboxInput = z.output<typeof sandboxSchema>;

const GIB = 1024 * MIB;

const DEFAULT_CELL: CellPolicy = {
  kind: 'auto',
  network: 'open',
  networkAsked: false,
  read: [],
  write: [],
  limits: { memoryBytes: null, processes: 4096, fileBytes: 10 * GIB, diskBytes: 20 * GIB, nice: 5 },
  image: null,
  engine: 'auto',
};

export interface CellPolicies {
  readonly agents: CellPolicy;
  readonly gates: CellPolicy;
  readonly prewarm: CellPolicy;
}

/** What is said of all, over the defaults. A gate's commands run without network unless it is asked for. */
export function resolveSandbox(input: SandboxInput): CellPolicies {
  const { agents, gates, prewarm } =
    typeof input === 'string' ? { agents: input, gates: input, prewarm: input } : input;
  return {
    agents: overlay(defaultCell('agents'), agents, 'sandbox.agents'),
    gates: overlay({ ...defaultCell('gates'), network: 'none' }, gates, 'sandbox.gates'),
    prewarm: overlay(defaultCell('prewarm'), prewarm, 'sandbox.prewarm'),
  };
}

function defaultCell(room: keyof CellPolicies): CellPolicy {
  const at = `sandbox.${room}.limits`;
  return { ...DEFAULT_CELL, limits: { ...DEFAULT_CELL.limits, keys: { memory: `${at}.memory`, disk: `${at}.disk` } } };
}

/** What is said of one, over what is said of all. @param key under which it is said. */
export function overlay(base: CellPolicy, input: CellInput | undefined, key: string): CellPolicy {
  if (input === undefined) return base;
  if (typeof input === 'string') return { ...base, kind: input };
  const { limits: given, ...rest } = input;
  const { memory, fileSize, disk, ...counts } = given ?? {};
  const keys = {
    memory: memory === undefined ? (base.limits.keys?.memory ?? 'limits.memory') : `${key}.limits.memory`,
    disk: disk === undefined ? (base.limits.keys?.disk ?? 'limits.disk') : `${key}.limits.disk`,
  };
  return {
    ...base,
    ...defined(rest),
    networkAsked: base.networkAsked || rest.network !== undefined,
    limits: {
      ...base.limits,
      keys,
      ...defined(counts),
      ...defined({ memoryBytes: bytes(memory), fileBytes: bytes(fileSize), diskBytes: bytes(disk) }),
    },
  };
}

function bytes(value: string | undefined): number | undefined {
  return value === undefined ? undefined : (parseSize(value) ?? undefined);
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as Defined<T>;
}
