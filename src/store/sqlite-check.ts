import { openForReading, readNumber } from './sqlite-connection.ts';
import { storeError, unreadable } from './sqlite-errors.ts';

/** What SQLite itself finds in a store. */
export interface StoreState {
  readonly version: number;
  /** The first thing that is wrong; null when nothing is. */
  readonly damage: string | null;
}

/**
 * Checks a store file, reading only; `quick` leaves out whether indexes agree with their tables, and takes a tenth of the
 * time. Null while it is empty.
 *
 * @throws UserError for one that cannot be read.
 */
export function checkStore(path: string, how: 'whole' | 'quick' = 'whole'): StoreState | null {
  const db = openForReading(path);
  if (db === null) return null;
  try {
    const [first] = db
      .prepare(how === 'whole' ? 'pragma integrity_check(1)' : 'pragma quick_check(1)')
      .all()
      .map((row) => String(Object.values(row)[0]));
    return { version: readNumber(db, 'pragma user_version'), damage: first === 'ok' ? null : (first ?? 'no answer') };
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}

/** @throws UserError `store-unreadable` for a damaged store: nothing is to be written to it any more. */
export function refuseDamaged(path: string): void {
  const damage = checkStore(path, 'quick')?.damage ?? null;
  if (damage !== null) throw unreadable(path, `it is damaged (${damage.split('\n')[0] ?? ''})`);
}
