import type { JsonSchema } from './schema.ts';
import type { YamlPath, YamlValue } from './yaml.ts';

/** The keys that may stand in the map at the path; none where any name may, or where there is no map. */
export function knownKeys(schema: JsonSchema, data: YamlValue, path: YamlPath): string[] {
  let at: JsonSchema | null = schema;
  let value: YamlValue | undefined = data;
  for (const step of path) {
    at = at === null ? null : childOf(choose(at, value), step);
    value = childValue(value, step);
  }
  return at === null ? [] : Object.keys(choose(at, value).properties ?? {});
}

/** The value at the path; undefined when there is none. */
export function valueAt(data: YamlValue, path: readonly PropertyKey[]): YamlValue | undefined {
  return path.reduce<YamlValue | undefined>(
    (value, step) => (typeof step === 'symbol' ? undefined : childValue(value, step)),
    data,
  );
}

/** A key that holds one plain value, and so can be set by one environment variable. */
export interface ScalarKey {
  readonly path: readonly string[];
  readonly type: 'string' | 'number' | 'boolean';
}

/** Every such key under fixed names (nothing inside `gates`, `agents`, `areas` or a list). */
export function scalarKeys(schema: JsonSchema, path: readonly string[] = []): ScalarKey[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, child]) => scalarKeys(child, [...path, key]));
  }
  for (const { type } of [schema, ...(schema.anyOf ?? [])]) {
    if (type === 'integer' || type === 'number') return [{ path, type: 'number' }];
    if (type === 'string' || type === 'boolean') return [{ path, type }];
  }
  return [];
}

/** What stands under a key or an index; null where nothing may. */
export function childOf(schema: JsonSchema, step: string | number): JsonSchema | null {
  if (typeof step === 'number') return schema.items ?? null;
  const { properties, additionalProperties } = schema;
  const named = properties !== undefined && Object.hasOwn(properties, step) ? properties[step] : undefined;
  return named ?? (typeof additionalProperties === 'object' ? additionalProperties : null);
}

/** Of alternatives, the one whose `kind` the value names; else the one that is a map. */
export function choose(schema: JsonSchema, value: YamlValue | undefined): JsonSchema {
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives === undefined) return schema;
  const kind = childValue(value, 'kind');
  const chosen = alternatives.find(
    (alternative) => kind !== undefined && alternative.properties?.['kind']?.const === kind,
  );
  return chosen ?? alternatives.find((alternative) => alternative.type === 'object') ?? schema;
}

function childValue(value: YamlValue | undefined, step: string | number): YamlValue | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) return (value as readonly YamlValue[])[Number(step)];
  const map = value as { readonly [key: string]: YamlValue };
  return Object.hasOwn(map, step) ? map[step] : undefined;
}
