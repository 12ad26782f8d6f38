import type { ConfigProblem } from './config-problem.ts';
import type { Layer } from './layers.ts';
import { nearest } from '../core/nearest.ts';
import { configJsonSchema } from './schema.ts';
import { type ScalarKey, scalarKeys } from './schema-keys.ts';
import type { YamlPath, YamlValue } from './yaml.ts';

const PREFIX = 'YARD_';

/** `limits.dispatchPerCycle` is set by `YARD_LIMITS_DISPATCH_PER_CYCLE`. */
export function variableOf(path: readonly string[]): string {
  return PREFIX + path.map((key) => key.replace(/[A-Z]/gu, '_$&').toUpperCase()).join('_');
}

/**
 * What `YARD_…` variables set. Other variables of that prefix have other uses (`YARD_STATE_DIR`, those of an attempt)
 * and are let be, unless they start like a group of keys (`YARD_LIMITS_…`) and name none of it.
 */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): {
  layer: Layer;
  problems: ConfigProblem[];
} {
  const data = Object.create(null) as Record<string, YamlValue>;
  const problems: ConfigProblem[] = [];
  const set = new Map<string, string>();
  const names = Object.keys(environment).filter((name) => name.startsWith(PREFIX) && environment[name] !== undefined);
  if (names.length > 0) {
    const keys = new Map(scalarKeys(configJsonSchema()).map((key) => [variableOf(key.path), key]));
    for (const name of names) {
      const key = keys.get(name);
      if (key === undefined) problems.push(...misspelt(name, [...keys.values()]));
      else {
        put(data, key.path, read(environment[name] ?? '', key.type));
        set.set(JSON.stringify(key.path), name);
      }
    }
  }
  const originOf = (path: YamlPath) => {
    const variable = set.get(JSON.stringify(path));
    return variable === undefined ? null : ({ kind: 'environment', variable } as const);
  };
  return { layer: { data, originOf }, problems };
}

function misspelt(name: string, keys: readonly ScalarKey[]): ConfigProblem[] {
  const groups = keys.filter(({ path }) => path.length > 1).map(({ path }) => `${variableOf(path.slice(0, 1))}_`);
  if (!groups.some((group) => name.startsWith(group))) return [];
  const suggestion = nearest(
    name,
    keys.map(({ path }) => variableOf(path)),
  );
  const message = `no key of the configuration is set by ${name}${suggestion === null ? '' : `; did you mean ${suggestion}?`}`;
  return [{ origin: { kind: 'environment', variable: name }, message, hint: 'Unset it, or correct its name.' }];
}

/** What does not read as its type stays text, and the schema says what it should have been. */
function read(text: string, type: ScalarKey['type']): YamlValue {
  if (type === 'number' && /^-?[0-9]{1,15}(\.[0-9]{1,6})?$/.test(text)) return Number(text);
  if (type === 'number' && text === 'null') return null;
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function put(data: Record<string, YamlValue>, path: readonly string[], value: YamlValue): void {
  let map = data;
  for (const key of path.slice(0, -1)) {
    map[key] ??= Object.create(null) as Record<string, YamlValue>;
    map = map[key] as Record<string, YamlValue>;
  }
  map[path.at(-1) ?? ''] = value;
}
