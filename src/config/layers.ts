import type { YamlPath, YamlPlace, YamlValue } from './yaml.ts';

/** Where a value of the configuration comes from. */
export type Origin =
  | { readonly kind: 'default' }
  | ({ readonly kind: 'file'; readonly file: string } & YamlPlace)
  | { readonly kind: 'environment'; readonly variable: string };

/** One source of values. A later layer wins over an earlier one. */
export interface Layer {
  readonly data: YamlValue;
  /** Null: this layer does not say. */
  readonly originOf: (path: YamlPath) => Origin | null;
}

/** Maps are merged key by key; anything else, lists included, is replaced whole. */
export function mergeLayers(layers: readonly Layer[]): YamlValue {
  return layers.reduce<YamlValue>((merged, { data }) => merge(merged, data), Object.create(null) as YamlValue);
}

/** Of the last layer that says something at the path. */
export function originOf(layers: readonly Layer[], path: YamlPath): Origin {
  for (const layer of layers.toReversed()) {
    const origin = layer.originOf(path);
    if (origin !== null) return origin;
  }
  return { kind: 'default' };
}

function merge(below: YamlValue, above: YamlValue): YamlValue {
  // A layer that says nothing takes nothing away.
  if (isMap(above) && Object.keys(above).length === 0) return below;
  if (!isMap(below) || !isMap(above)) return above;
  const merged = Object.assign(Object.create(null), below) as Record<string, YamlValue>;
  for (const [key, value] of Object.entries(above)) {
    const old = merged[key];
    merged[key] = old === undefined ? value : merge(old, value);
  }
  return merged;
}

function isMap(value: YamlValue): value is { readonly [key: string]: YamlValue } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
