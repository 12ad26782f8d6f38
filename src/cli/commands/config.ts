import { pathText } from '../../config/config-problem.ts';
import type { ConfigEntry } from '../../config/entries.ts';
import type { Origin } from '../../config/layers.ts';
import { LOCAL_CONFIG_FILE, loadConfig } from '../../config/load.ts';
import { namedSecrets } from '../../config/named-secrets.ts';
import { nearest } from '../../core/nearest.ts';
import { renderConfigSchema } from '../../config/schema.ts';
import { impossible } from '../../core/impossible.ts';
import { inertLine } from '../../core/inert.ts';
import { makeRedactor } from '../../core/redact.ts';
import { redactJson } from '../../core/redact-json.ts';
import { UserError } from '../../core/user-error.ts';
import { locateRepository } from '../../git/locate.ts';
import { findRepository } from '../../git/repository.ts';
import { scanner } from '../../process/secret-scanner.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';
import { columnsOf, cutTo } from '../terminal/columns.ts';
import { wrapLine } from '../terminal/wrap.ts';

export interface ConfigOptions {
  readonly schema?: boolean;
  readonly json?: boolean;
}

/** `yard config [KEY]`: each value, and where it comes from. */
export async function configCommand(
  context: CommandContext,
  key: string | undefined,
  options: ConfigOptions,
): Promise<ExitCode> {
  const { output, cwd, env } = context;
  if (options.schema === true) {
    output.write(renderConfigSchema());
    return EXIT.ok;
  }
  const { root } = locateRepository(cwd) ?? (await findRepository(cwd));
  const loaded = await loadConfig(root, env);
  const entries = withoutSecrets(pickEntries(loaded.entries(), key), namedSecrets(loaded.config, env));
  if (options.json === true) output.json({ values: entries.map(entryJson) });
  else for (const line of renderEntries(entries, output.width)) output.print(line);
  return EXIT.ok;
}

/**
 * Those of the key, or under it; without one, all that have a value.
 * @throws UserError `unknown-key`, with the nearest there is.
 */
export function pickEntries(entries: readonly ConfigEntry[], key: string | undefined): readonly ConfigEntry[] {
  if (key === undefined) return entries.filter(({ value }) => value !== undefined);
  const under = entries.filter((entry) => entry.key.startsWith(`${key}.`));
  const found = [...entries.filter((entry) => entry.key === key), ...under];
  if (found.length > 0) return found;
  const known = new Set(entries.flatMap((entry) => [entry.key, ...groupsOf(entry.key)]));
  const near = nearest(key, [...known]);
  throw new UserError({
    code: 'unknown-key',
    message: `the configuration has no key ${JSON.stringify(inertLine(key, 100))}`,
    hint: near === null ? 'See them with: yard config' : `Did you mean ${near}? See all with: yard config`,
  });
}

/** `gates` and `gates.default`, of `gates.default.run`. */
function groupsOf(key: string): string[] {
  const steps = key.split('.');
  return steps.slice(1).map((_, index) => pathText(steps.slice(0, index + 1)));
}

/** A configuration names secrets and holds none; one that was written into it all the same is not shown. */
function withoutSecrets(entries: readonly ConfigEntry[], secrets: ReturnType<typeof namedSecrets>): ConfigEntry[] {
  const redactor = makeRedactor(secrets, scanner());
  const hide = (text: string): string => redactor.text(text);
  return entries.map((entry) => {
    if (entry.value === undefined) return entry;
    return { ...entry, value: JSON.parse(redactJson(JSON.stringify(entry.value), hide)) as ConfigEntry['value'] };
  });
}

function entryJson({ key, value, origin }: ConfigEntry): object {
  return { key, value: value ?? null, isSet: value !== undefined, origin: originJson(origin) };
}

function originJson(origin: Origin): object {
  if (origin.kind !== 'file') return origin;
  const { file, line, column } = origin;
  return { kind: file === LOCAL_CONFIG_FILE ? 'local' : 'repository', file, line, column };
}

const VALUE_MAX = 500;
/** With less room they stand below the keys. */
const VALUE_MIN = 12;
/** Longer values push their origin aside; the others stand in a column. */
const COLUMN_MAX = 40;

/** Key, value, origin. The value is what is cut, for its beginning tells most. */
export function renderEntries(entries: readonly ConfigEntry[], width: number): string[] {
  const rows = entries.map(({ key, value, origin }) => [key, valueText(value), originText(origin)] as const);
  const widest = (column: 0 | 1 | 2): number => Math.max(0, ...rows.map((row) => columnsOf(row[column])));
  const room = width - widest(0) - widest(2) - 4;
  if (room < VALUE_MIN)
    return rows.flatMap(([key, value, origin]) => [key, ...wrapLine(`  ${value} (${origin})`, width)]);
  const pad = Math.min(COLUMN_MAX, room, widest(1));
  return rows.map(([key, value, origin]) => {
    const shown = cutTo(value, room);
    const gap = ' '.repeat(Math.max(0, pad - columnsOf(shown)));
    return `${key.padEnd(widest(0))}  ${shown}${gap}  ${origin}`;
  });
}

function valueText(value: ConfigEntry['value']): string {
  if (value === undefined) return '(not set)';
  return inertLine(typeof value === 'string' ? value : JSON.stringify(value), VALUE_MAX);
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}`;
    case 'environment':
      return origin.variable;
    case 'default':
      return 'default';
    default:
      throw impossible(origin satisfies never);
  }
}
