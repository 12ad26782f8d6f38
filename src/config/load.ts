import { createHash } from 'node:crypto';
import { UserError } from '../core/user-error.ts';
import { readFileBeneath } from '../process/file.ts';
import { configError, type ConfigProblem, problemsOf } from './config-problem.ts';
import { type ConfigEntry, configEntries } from './entries.ts';
import { environmentLayer } from './environment-layer.ts';
import { type Layer, mergeLayers, type Origin, originOf } from './layers.ts';
import { secretWarnings } from './named-secrets.ts';
import { brokenRules, configWarnings } from './rules.ts';
import { valueAt } from './schema-keys.ts';
import { type Config, CONFIG_VERSION, configJsonSchema, configSchema } from './schema.ts';
import { decodeText } from './text.ts';
import { readYaml, type YamlPath, type YamlValue } from './yaml.ts';

export const CONFIG_FILE = '.yard/config.yaml';
export const LOCAL_CONFIG_FILE = '.yard/config.local.yaml';
const SIZE_MAX_BYTES = 1024 * 1024;

export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
  /** SHA-256 of the configuration as it holds; the same for files that differ only in comments, order or layering. */
  readonly hash: string;
  /** Which layer a value of the file (its keys, not those of `Config`) comes from. */
  readonly originOf: (path: YamlPath) => Origin;
  /** Every key with its value, as the files write it, and where that comes from. */
  readonly entries: () => readonly ConfigEntry[];
}

/**
 * The configuration of the repository whose working tree is `root`: defaults, then `.yard/config.yaml`, then
 * `.yard/config.local.yaml`, then `YARD_…` variables of `environment`. Throws a UserError: `no-config`, or
 * `config-invalid` with every problem that was found.
 */
export async function loadConfig(
  root: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<LoadedConfig> {
  const repository = await readLayer(root, CONFIG_FILE);
  if (repository === null) {
    throw new UserError({
      code: 'no-config',
      message: `there is no ${CONFIG_FILE} in ${root}`,
      hint: 'Make one with: yard init',
    });
  }
  const local = await readLayer(root, LOCAL_CONFIG_FILE);
  const overrides = environmentLayer(environment);
  const layers = [repository.layer, ...(local === null ? [] : [local.layer]), overrides.layer];
  const unread = [...repository.problems, ...(local?.problems ?? [])];
  if (unread.length > 0) throw configError(unread, CONFIG_FILE);
  const loaded = check(layers, overrides.problems);
  return { ...loaded, warnings: [...loaded.warnings, ...secretWarnings(loaded.config, environment)] };
}

function check(layers: readonly Layer[], earlier: readonly ConfigProblem[]): LoadedConfig {
  const data = mergeLayers(layers);
  const originAt = (path: YamlPath): Origin => originOf(layers, path);
  // A key that is missing has no place; that of the map which lacks it is the next best.
  const nearestOrigin = (path: YamlPath): Origin => {
    for (let length = path.length; length >= 0; length -= 1) {
      const origin = originAt(path.slice(0, length));
      if (origin.kind !== 'default') return origin;
    }
    return { kind: 'default' };
  };
  refuseNewer(data, originAt);
  const parsed = configSchema.safeParse(data);
  const problems = [...earlier];
  if (!parsed.success) problems.push(...problemsOf(parsed.error.issues, data, configJsonSchema, nearestOrigin));
  const config = parsed.success ? (freeze(parsed.data) as Config) : null;
  if (config !== null) {
    const hint = 'Correct it there.';
    problems.push(...brokenRules(config).map(({ path, message }) => ({ origin: nearestOrigin(path), message, hint })));
  }
  if (config === null || problems.length > 0) throw configError(problems.toSorted(byPlace), CONFIG_FILE);
  return {
    config,
    warnings: configWarnings(config),
    hash: hashOf(config),
    originOf: originAt,
    entries: () => configEntries(configJsonSchema(), data, originAt),
  };
}

/** Of a format that this program does not know, nothing else can be said. */
function refuseNewer(data: YamlValue, originAt: (path: YamlPath) => Origin): void {
  const version = valueAt(data, ['version']);
  if (typeof version !== 'number' || !Number.isInteger(version) || version <= CONFIG_VERSION) return;
  const origin = originAt(['version']);
  throw new UserError({
    code: 'config-newer',
    message: `the configuration has version ${version}, and this yardmaster knows versions up to ${CONFIG_VERSION}`,
    hint: `Update yardmaster, or write version: ${CONFIG_VERSION} and only what that version has; see: yard version`,
    ...(origin.kind === 'file' && { place: { file: origin.file, line: origin.line, column: origin.column } }),
  });
}

async function readLayer(root: string, file: string): Promise<{ layer: Layer; problems: ConfigProblem[] } | null> {
  const read = await readFileBeneath(root, file, { maxBytes: SIZE_MAX_BYTES });
  if (read.kind === 'missing') return null;
  const nothing: Layer = { data: null, originOf: () => null };
  const refused = (message: string): { layer: Layer; problems: ConfigProblem[] } => {
    const origin: Origin = { kind: 'file', file, line: 1, column: 1 };
    return { layer: nothing, problems: [{ origin, message, hint: `Make ${file} a plain text file.` }] };
  };
  if (read.kind === 'refused') return refused(`it cannot be read: ${read.why}`);
  const text = decodeText(read.data);
  if (text === null) return refused('it is not UTF-8 text');
  const yaml = readYaml(text);
  if (yaml.kind === 'bad') {
    const problems = yaml.problems.map(({ line, column, message, hint }): ConfigProblem => {
      return { origin: { kind: 'file', file, line, column }, message, hint };
    });
    return { layer: nothing, problems };
  }
  const layerOriginOf = (path: YamlPath): Origin | null => {
    const place = yaml.placeOf(path);
    return place === null ? null : { kind: 'file', file, ...place };
  };
  // An empty file is a map without entries.
  const data: YamlValue = yaml.data ?? (Object.create(null) as YamlValue);
  return { layer: { data, originOf: layerOriginOf }, problems: [] };
}

function byPlace(a: ConfigProblem, b: ConfigProblem): number {
  if (a.origin.kind !== 'file' || b.origin.kind !== 'file') return rank(a.origin) - rank(b.origin);
  if (a.origin.file !== b.origin.file) return a.origin.file === CONFIG_FILE ? -1 : 1;
  return a.origin.line - b.origin.line || a.origin.column - b.origin.column;
}

function rank(origin: Origin): number {
  return origin.kind === 'file' ? 0 : 1;
}

/** A frozen copy whose maps have no prototype: `config.gates[name]` finds gates only. */
function freeze(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(freeze));
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of Object.entries(value)) copy[key] = freeze(entry);
  return Object.freeze(copy);
}

function hashOf(config: Config): string {
  const sorted = JSON.stringify(config, (_key, value: unknown) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash('sha256').update(sorted).digest('hex');
}
