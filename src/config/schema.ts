import { z } from 'zod';
import { isBranchName } from '../core/ref-name.ts';
import { parsePattern } from '../core/scope.ts';
import { isVersion } from '../core/version.ts';
import { accountVariables, agentChoice, agentSchema, builtInAgents, resolveAgent } from './agent-schema.ts';
import { budgetsSchema, pricesSchema } from './budget-schema.ts';
import { cellSchema, overlay, resolveSandbox, sandboxSchema } from './sandbox-schema.ts';
import { duration, positiveDuration } from './duration-schema.ts';
import { notifySchema } from './notify-schema.ts';
import { accountOf, poolSchema } from './pool-schema.ts';
import { parseSize, SIZE } from './size.ts';
import { ALWAYS_PROTECTED, DEFAULT_PROTECTED } from './protected-paths.ts';
import { allow, count, name, secrets, shellCommand, text, variables } from './schema-parts.ts';
import { hasControlCharacter, relativePathProblem } from './relative-path.ts';

// The one definition of `.yard/config.yaml`: what is accepted, what is taken when nothing is said, the types that the
// program sees (camel case, durations in ms), and the JSON Schema that editors use. Messages are the ends of sentences
// that start with the key.

function lineProblem(value: string): string | null {
  if (value.trim() === '') return 'is empty';
  return hasControlCharacter(value) ? 'has a control character' : null;
}

function patternProblem(value: string): string | null {
  const result = parsePattern(value);
  return result.kind === 'bad' ? result.why : null;
}

/** A size in the file, bytes in the program. */
const size = z
  .union([z.int().min(0), z.string().regex(SIZE, 'is not a size; write 500MB, 2GiB or 0')])
  .transform((value, context) => {
    const bytes = parseSize(String(value));
    if (bytes === null) context.addIssue('is more than any disk holds');
    return bytes ?? 0;
  });

const pattern = text(patternProblem);
const path = text(relativePathProblem).transform((value) => value.replace(/\/$/, ''));
const gate = z
  .strictObject({
    run: shellCommand.meta({ description: 'Shell command, run in a clean checkout; green means exit code 0' }),
    timeout: positiveDuration.optional().meta({ description: 'Red after this long; limits.gateTimeout unless said' }),
    environment: z.strictObject({ allow }).prefault({}),
    sandbox: cellSchema.optional().meta({ description: 'What differs from sandbox.gates' }),
    secrets,
  })
  .meta({ description: 'What proves the repository healthy' });

const limits = z.strictObject({
  concurrent: count(1, 1000).default(5).meta({ description: 'Attempts that run at once' }),
  dispatchPerCycle: count(1, 1000).default(5).meta({ description: 'Attempts that one cycle may start' }),
  retries: count(0, 100)
    .default(3)
    .meta({ description: 'Failures of its own that a task may have before it is parked' }),
  hours: z.number().gt(0).max(8760).default(12).meta({ description: 'Hours after which yard run ends' }),
  consecutiveFailures: count(1, 1000)
    .default(5)
    .meta({ description: 'Failures in a row, over all tasks, after which nothing more starts' }),
  backlog: count(1, 10_000)
    .nullable()
    .default(null)
    .meta({ description: 'Accepted tasks that may wait to land before nothing more starts; null: 4 × concurrent' }),
  gates: count(1, 1000)
    .nullable()
    .default(null)
    .meta({ description: 'Gates of attempts that run at once; null: one for each core' }),
  gateTimeout: positiveDuration.prefault('1h').meta({ description: 'Time for a gate that names none' }),
  killGrace: duration.prefault('10s').meta({ description: 'Between asking a process to end and killing it' }),
  agentTimeout: positiveDuration.prefault('2h').meta({ description: 'Time for an agent that names none' }),
  agentIdle: positiveDuration
    .prefault('10m')
    .meta({ description: 'How long an agent that reports as it works may be silent before it is ended' }),
  agentPatience: positiveDuration
    .prefault('3m')
    .meta({ description: 'How long an agent may wait for a provider that refuses it before its turn ends' }),
  diskReserve: size.prefault('2GiB').meta({ description: 'Free space below which nothing new starts; 0: never' }),
});

const identityLine = text((value) => lineProblem(value) ?? (/[<>]/.test(value) ? 'has < or >' : null));

const provision = z
  .strictObject({ source: path, target: path.optional(), required: z.boolean().default(false) })
  .transform(({ source, target, required }) => ({ source, target: target ?? source, required }));

const prewarm = z
  .strictObject({
    run: shellCommand.meta({ description: 'Shell command, such as npm ci, run once for each key' }),
    key: z.array(pattern).min(1).meta({ description: 'Patterns of the lock files that decide the result' }),
    outputs: z
      .array(path)
      .min(1)
      .meta({ description: 'Directories that it fills; each lane and each gate gets a copy' }),
    timeout: positiveDuration.prefault('30m'),
    secrets,
  })
  .transform(({ timeout, ...rest }) => ({ ...rest, timeoutMs: timeout }));

const area = z.strictObject({
  concurrent: count(1, 1000).nullable().default(null).meta({ description: 'Attempts of this area that run at once' }),
});

const gc = z
  .strictObject({
    keepDays: count(0, 10_000).default(30).meta({ description: 'Days for which everything is kept' }),
    maxSize: size.prefault('5GiB').meta({ description: 'Evidence of landed tasks beyond it goes, oldest first' }),
  })
  .transform(({ keepDays, maxSize }) => ({ keepDays, maxSizeBytes: maxSize }));

/** The version of the format that this program reads. */
export const CONFIG_VERSION = 1;

const fileSchema = z
  .strictObject({
    version: z.literal(CONFIG_VERSION).default(CONFIG_VERSION).meta({ description: 'Version of this format' }),
    yardmaster: text((value) => (isVersion(value) ? null : 'is not a version of Yardmaster; write one such as 0.1.0'))
      .optional()
      .meta({ description: 'Version of Yardmaster that works on this repository; whichever is started unless said' }),
    target: text((value) => (isBranchName(value) ? null : 'is not a branch name that Yardmaster takes')).meta({
      description: 'Branch that tasks land on',
    }),
    defaults: z.strictObject({ agent: agentChoice, gate: name }).meta({ description: 'For tasks that name none' }),
    gates: z.record(name, gate),
    agents: z
      .record(name, agentSchema)
      .default({})
      .meta({ description: 'Coding agents; claude, codex, gemini, opencode and more need no entry' }),
    limits: limits.prefault({}),
    identity: z
      .strictObject({ name: identityLine.default('Yardmaster'), email: identityLine.default('yardmaster@localhost') })
      .prefault({})
      .meta({ description: 'Author and committer of what the yard commits' }),
    provision: z.array(provision).default([]).meta({ description: 'Ignored files that lanes and gates get a copy of' }),
    environment: z.strictObject({ allow }).prefault({}).meta({ description: 'For agents and gates alike' }),
    secrets: variables.meta({ description: 'Variables with secrets that nothing gets; hidden everywhere' }),
    secretScan: z
      .strictObject({
        allow: z
          .array(pattern)
          .default([])
          .meta({ description: 'Patterns of paths in which what looks like a secret may be committed' }),
      })
      .prefault({})
      .meta({ description: 'What is refused before it is committed' }),
    prewarm: z.array(prewarm).default([]).meta({ description: 'What is installed once and shared' }),
    salvage: z
      .strictObject({
        include: z
          .array(pattern)
          .default([])
          .meta({ description: 'Patterns of ignored files that are kept with the work that did not land' }),
      })
      .prefault({})
      .meta({ description: 'What is kept of a lane' }),
    sandbox: sandboxSchema.default('auto'),
    areas: z.record(name, area).default({}),
    pools: z
      .record(name, poolSchema)
      .default({})
      .meta({ description: 'Accounts of providers, by the names that agents share them under' }),
    budgets: budgetsSchema,
    prices: pricesSchema,
    notify: notifySchema,
    gc: gc.prefault({}).meta({ description: 'What yard gc keeps of tasks that have landed' }),
    protected: z
      .array(pattern)
      .default([...DEFAULT_PROTECTED])
      .transform((listed) => [...new Set([...ALWAYS_PROTECTED, ...listed])])
      .meta({
        description:
          'Patterns of paths whose change waits for a person, besides those that always do; replaces the default list',
      }),
    audit: z.literal('off').default('off'),
    continuity: z
      .strictObject({
        session: z
          .enum(['on', 'off'])
          .default('on')
          .meta({ description: 'Whether a retry goes on with the last session of the agent, where that is safe' }),
      })
      .prefault({})
      .meta({ description: 'What an attempt takes over from the one before' }),
    preflight: z
      .strictObject({ requireAcceptance: z.boolean().default(true) })
      .prefault({})
      .meta({ description: 'What a task must have before it starts' }),
  })
  .meta({ title: 'Yardmaster configuration', description: '.yard/config.yaml' });

/** Settles what one key takes from another. */
function resolve(file: z.output<typeof fileSchema>) {
  const { hours, backlog, gateTimeout, killGrace, agentTimeout, agentIdle, agentPatience, diskReserve, ...counts } =
    file.limits;
  const sandbox = resolveSandbox(file.sandbox);
  const common = file.environment.allow;
  const address = file.notify.webhook?.variable ?? null;
  const all = [
    ...file.secrets,
    ...(address === null ? [] : [address]),
    ...givenSecrets(file).flatMap(({ secrets: names }) => names),
  ];
  const given = (own: { readonly environment?: { readonly allow: string[] }; readonly secrets: string[] }) => ({
    environment: { allow: allowing([...common, ...(own.environment?.allow ?? [])], own.secrets, all) },
    secrets: own.secrets,
  });
  return {
    ...file,
    sandbox,
    gates: mapValues(file.gates, (entry, key) => ({
      run: entry.run,
      cell: overlay(sandbox.gates, entry.sandbox, `gates.${key}.sandbox`),
      timeoutMs: entry.timeout ?? gateTimeout,
      ...given(entry),
    })),
    agents: mapValues({ ...file.agents, ...builtInAgents(file.agents) }, (entry, key) => {
      const cell = overlay(sandbox.agents, entry.sandbox, `agents.${key}.sandbox`);
      const times = { timeoutMs: agentTimeout, idleMs: agentIdle };
      const own = resolveAgent(entry, times, Object.hasOwn(file.agents, key));
      const account = accountOf(file.pools, own.pool);
      const allowed = [...entry.environment.allow, ...accountVariables(entry), ...account.allow];
      const ownSecrets = [...new Set([...entry.secrets, ...account.secrets])];
      return { ...own, cell, ...given({ environment: { allow: allowed }, secrets: ownSecrets }) };
    }),
    prewarm: file.prewarm.map((entry) => ({ ...entry, ...given(entry) })),
    limits: {
      ...counts,
      backlog: backlog ?? 4 * counts.concurrent,
      runMs: hours * 3_600_000,
      gateTimeoutMs: gateTimeout,
      killGraceMs: killGrace,
      agentTimeoutMs: agentTimeout,
      agentIdleMs: agentIdle,
      agentPatienceMs: agentPatience,
      diskReserveBytes: diskReserve,
    },
  };
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  change: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

/** Whatever is given secrets of its own. */
function givenSecrets({
  agents,
  gates,
  pools,
  prewarm: entries,
}: Pick<z.output<typeof fileSchema>, 'agents' | 'gates' | 'pools' | 'prewarm'>) {
  return [...Object.values(agents), ...Object.values(gates), ...Object.values(pools), ...entries];
}

/** As `allowedEnvironment` takes it. A prefix lets no secret through, only its name. */
function allowing(patterns: readonly string[], own: readonly string[], all: readonly string[]): string[] {
  const prefixes = patterns.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
  const hidden = all.filter((secret) => !own.includes(secret) && prefixes.some((prefix) => secret.startsWith(prefix)));
  return [...new Set([...patterns, ...own, ...hidden.map((secret) => `!${secret}`)])];
}

/** What a layer of files and variables must come to. */
export const configSchema = fileSchema.transform(resolve);

type Frozen<T> = T extends readonly (infer Element)[]
  ? readonly Frozen<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** The configuration, complete: every default filled in, all of it frozen. Records have no prototype. */
export type Config = Frozen<z.output<typeof configSchema>>;
/** `environment.allow` includes what the configuration allows for all, and the names of its own secrets. */
export type GateConfig = Config['gates'][string];
export type AgentConfig = Config['agents'][string];
export type ProvisionEntry = Config['provision'][number];
export type PrewarmEntry = Config['prewarm'][number];

/** The JSON Schema (draft 7, which editors understand) of the file. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(fileSchema, { io: 'input', target: 'draft-07' }) as JsonSchema;
}

/** The JSON Schema file: shipped as `schema/config.schema.json`, and written beside the configuration by `init`. */
export function renderConfigSchema(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

/** The part of JSON Schema that describes keys. */
export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly const?: unknown;
  readonly [keyword: string]: unknown;
}
