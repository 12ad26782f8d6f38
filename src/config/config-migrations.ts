import { valueAt } from './schema-keys.ts';
import { setKey } from './set-key.ts';
import { readYaml } from './yaml.ts';

// Invariants:
// 1. A step that was released is never edited; the next change of the format is a new one at the end.
// 2. What a person wrote besides stays as it was: comments, order, style.
// 3. No step is carried out in part: the text comes out in the newest version, or not at all.

/** From one version of the format to the next; null where the text is not one that it can be done to. */
export type ConfigMigration = (text: string) => string | null;

/** `CONFIG_MIGRATIONS[n]` brings a configuration of version n + 1 to version n + 2. There has been one version so far. */
export const CONFIG_MIGRATIONS: readonly ConfigMigration[] = [];

const STEPS_MAX = 64;

export type MigratedConfig =
  | { readonly kind: 'current' }
  | { readonly kind: 'migrated'; readonly from: number; readonly to: number; readonly text: string }
  /** Unreadable, or of no version that there was: `loadConfig` says what is wrong with it. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'stuck'; readonly at: number };

/** @param steps those of another program, for tests. */
export function migrateConfig(text: string, steps: readonly ConfigMigration[] = CONFIG_MIGRATIONS): MigratedConfig {
  if (steps.length > STEPS_MAX) throw new Error(`${steps.length} steps are more than ${STEPS_MAX}`);
  const yaml = readYaml(text);
  if (yaml.kind === 'bad') return { kind: 'unreadable' };
  const from = valueAt(yaml.data, ['version']) ?? 1;
  const to = steps.length + 1;
  if (typeof from !== 'number' || !Number.isInteger(from) || from < 1) return { kind: 'unreadable' };
  if (from >= to) return { kind: 'current' };
  let now = text;
  for (const [index, step] of steps.slice(from - 1).entries()) {
    const next = step(now);
    const raised = next === null ? null : setKey(next, 'version', from + index + 1);
    if (raised === null) return { kind: 'stuck', at: from + index };
    now = raised;
  }
  return { kind: 'migrated', from, to, text: now };
}
