import { pathText } from './config-problem.ts';
import type { Origin } from './layers.ts';
import type { JsonSchema } from './schema.ts';
import { childOf, choose, valueAt } from './schema-keys.ts';
import type { YamlPath, YamlValue } from './yaml.ts';

/** One key of the configuration, as the files write it. */
export interface ConfigEntry {
  /** `limits.concurrent`, `gates.default.run`. */
  readonly key: string;
  /** Undefined: nothing is said, and there is no default of its own. */
  readonly value: YamlValue | undefined;
  readonly origin: Origin;
}

/** Every key that holds a value of its own, in the order of the schema. Lists are values: layers replace them whole. */
export function configEntries(
  schema: JsonSchema,
  data: YamlValue,
  originOf: (path: YamlPath) => Origin,
): readonly ConfigEntry[] {
  return entriesOf(schema, data, data, [], originOf);
}

function entriesOf(
  schema: JsonSchema,
  data: YamlValue,
  value: YamlValue | undefined,
  path: YamlPath,
  originOf: (path: YamlPath) => Origin,
): readonly ConfigEntry[] {
  const held = value === undefined ? (schema['default'] as YamlValue | undefined) : value;
  const chosen = choose(schema, held);
  const isPlain = held !== undefined && !isMap(held);
  const names = isPlain ? [] : namesIn(chosen, held);
  if (names.length === 0) {
    const origin: Origin = valueAt(data, path) === undefined ? { kind: 'default' } : originOf(path);
    return [{ key: pathText(path), value: held, origin }];
  }
  return names.flatMap((name) => {
    const child = childOf(chosen, name);
    const below = held === undefined ? undefined : valueAt(held, [name]);
    return child === null ? [] : entriesOf(child, data, below, [...path, name], originOf);
  });
}

/** Keys that the schema has, and names that were given where any may be. */
function namesIn(schema: JsonSchema, held: YamlValue | undefined): readonly string[] {
  if (schema.properties !== undefined) return Object.keys(schema.properties);
  return typeof schema.additionalProperties === 'object' && isMap(held) ? Object.keys(held) : [];
}

function isMap(value: YamlValue | undefined): value is { readonly [key: string]: YamlValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Values by key, as they are compared and kept: what is not said is left out. */
export function valuesOf(entries: readonly ConfigEntry[]): Record<string, YamlValue> {
  return Object.fromEntries(entries.flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])));
}

/** The keys whose values differ, those that only one of the two has included. */
export function changedKeys(
  before: Readonly<Record<string, YamlValue>>,
  after: Readonly<Record<string, YamlValue>>,
): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])).toSorted();
}
