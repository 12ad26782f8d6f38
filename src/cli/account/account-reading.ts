import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { codeOf } from '../../core/error-code.ts';
import { locateRepository } from '../../git/locate.ts';
import { findRepository } from '../../git/repository.ts';
import type { CommandContext, Reading } from '../context.ts';

/** What is read for an account: the yard as it is, or what it will begin with. */
export interface AccountReading {
  /** Null: nothing has run yet. */
  readonly reading: Reading | null;
  /** In force; of a yard that has not run yet, what the first run takes. */
  readonly config: Config;
}

/** @throws UserError for a repository that is not set up, or has a mistake in its configuration and no run yet. */
export async function openAccountReading(context: CommandContext): Promise<AccountReading> {
  const reading = await readingOrNull(context);
  if (reading !== null && reading.pin !== null) return { reading, config: reading.pin.config };
  try {
    return { reading, config: (await loadConfig(await rootOf(context), context.env)).config };
  } catch (error) {
    await reading?.reader.close();
    throw error;
  }
}

/** Null before the first run. */
export async function readingOrNull({ compose, cwd }: CommandContext): Promise<Reading | null> {
  try {
    return await compose.reading(cwd);
  } catch (error) {
    if (codeOf(error) !== 'no-yard') throw error;
    return null;
  }
}

async function rootOf({ cwd }: CommandContext): Promise<string> {
  return (locateRepository(cwd) ?? (await findRepository(cwd))).root;
}
