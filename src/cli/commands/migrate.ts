import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { migrateConfig } from '../../config/config-migrations.ts';
import type { MigratedConfig } from '../../config/config-migrations.ts';
import { SCHEMA_FILE } from '../../config/init.ts';
import { CONFIG_FILE } from '../../config/load.ts';
import { renderConfigSchema } from '../../config/schema.ts';
import { checkStateOwner } from '../../config/state-owner.ts';
import { decodeText } from '../../config/text.ts';
import { UserError } from '../../core/user-error.ts';
import { locateRepository } from '../../git/locate.ts';
import { findRepository } from '../../git/repository.ts';
import { readFileBeneath, writeFileDurably } from '../../process/file.ts';
import { mkdir } from '../../process/file-system.ts';
import { onlooker } from '../../process/onlooker.ts';
import { ageOfStore, backupPath, upgradeStore } from '../../store/upgrade.ts';
import { EXIT } from '../context.ts';
import type { CommandContext, ExitCode } from '../context.ts';

export interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** One format, from which version to which, and where the copy of the old one is. */
interface Step {
  readonly from: number;
  readonly to: number;
  /** Null: none was made yet. */
  readonly backup: string | null;
}

interface MigrateView {
  readonly dryRun: boolean;
  /** Null: there is none, or it needs nothing. */
  readonly store: Step | null;
  readonly config: Step | null;
  /** `.yard/config.schema.json` is, or would be, written anew. */
  readonly schemaFile: boolean;
  /** Pid of a scheduler that works on the store: nothing is changed under it. */
  readonly heldBy: number | null;
}

const SIZE_MAX_BYTES = 1024 * 1024;

/** `yard migrate`: store and configuration of this yard come to this program's formats; a copy of each is made first. */
export async function migrateCommand(context: CommandContext, options: MigrateOptions): Promise<ExitCode> {
  const { cwd, compose, output } = context;
  const { root, commonDirectory } = locateRepository(cwd) ?? (await findRepository(cwd));
  const { directory, storeFile } = await compose.places(commonDirectory);
  await checkStateOwner(directory, commonDirectory);
  const host = onlooker(compose.clock);
  const age = ageOfStore(storeFile, host);
  const configText = await textOf(root, CONFIG_FILE);
  const config = configText === null ? null : migratedOr(migrateConfig(configText));
  const schemaText = await textOf(root, SCHEMA_FILE);
  const schemaFile = schemaText !== null && schemaText !== renderConfigSchema();
  let view: MigrateView = {
    dryRun: options.dryRun === true,
    store: age === null ? null : { from: age.from, to: age.to, backup: null },
    config: config === null ? null : { from: config.from, to: config.to, backup: null },
    schemaFile,
    heldBy: age?.heldBy ?? null,
  };
  if (!view.dryRun) {
    // The store first: where that is refused, nothing else is touched.
    const store = await upgradeStore(storeFile, host);
    const backup =
      config === null || configText === null
        ? null
        : await keep(backupPath(directory, `config-v${config.from}`, compose.clock.nowMs(), '.yaml'), configText);
    if (config !== null) await replace(join(root, CONFIG_FILE), config.text);
    if (schemaFile) await replace(join(root, SCHEMA_FILE), renderConfigSchema());
    view = { ...view, store, config: view.config === null ? null : { ...view.config, backup } };
  }
  if (options.json === true) output.json(view);
  else for (const line of describeMigration(view)) output.print(line);
  return EXIT.ok;
}

/** What was done, or would be, a line each. */
export function describeMigration({ dryRun, store, config, schemaFile, heldBy }: MigrateView): string[] {
  const would = dryRun ? 'would bring' : 'brought';
  const told = (what: string, step: Step | null): string[] => {
    if (step === null) return [];
    const copy = step.backup === null ? 'a copy is made first' : `as it was: ${step.backup}`;
    return [`${would} the ${what} from version ${step.from} to ${step.to}; ${copy}`];
  };
  const lines = [
    ...told('store', store),
    ...told('configuration', config),
    ...(schemaFile ? [`${dryRun ? 'would write' : 'wrote'} ${SCHEMA_FILE} anew, for editors`] : []),
    ...(heldBy === null ? [] : [`not now: process ${heldBy} drives this yard with an older yardmaster`]),
  ];
  return lines.length === 0 ? ['nothing to do: store and configuration have the formats of this version'] : lines;
}

/** Null: it needs nothing. What cannot be read is for `loadConfig` to say. @throws UserError `config-stuck`. */
function migratedOr(result: MigratedConfig): (MigratedConfig & { readonly kind: 'migrated' }) | null {
  if (result.kind === 'migrated') return result;
  if (result.kind !== 'stuck') return null;
  throw new UserError({
    code: 'config-stuck',
    message: `the configuration cannot be brought from version ${result.at} to ${result.at + 1} without a person`,
    hint: 'Nothing was changed. Bring it to the newer format by hand; docs/configuration.md has it.',
    place: { file: CONFIG_FILE },
  });
}

async function textOf(root: string, file: string): Promise<string | null> {
  const read = await readFileBeneath(root, file, { maxBytes: SIZE_MAX_BYTES });
  return read.kind === 'ok' ? decodeText(read.data) : null;
}

async function keep(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileDurably(path, text);
  return path;
}

async function replace(path: string, text: string): Promise<void> {
  const { mode } = await stat(path);
  await writeFileDurably(path, text, mode & 0o777);
}
