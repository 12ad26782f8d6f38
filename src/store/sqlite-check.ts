import { openForReading, readNumber } from './sqlite-connection.ts';
import { storeError } from './sqlite-errors.ts';

/** What SQLite itself finds in a store. */
export interface StoreState {
  readonly version: number;
  /** The first thing that is wrong; null when nothing is. */
  readonly damage: string | null;
}

/** Checks a whole store file, reading only; null while it is empty. Throws a `UserError` for one that cannot be read. */
export function checkStore(path: string): StoreState | null {
  const db = openForReading(path);
  if (db === null) return null;
  try {
    const [first] = db
      .prepare('pragma integrity_check(1)')
      .all()
      .map(({ integrity_check: text }) => String(text));
    return { version: readNumber(db, 'pragma user_version'), damage: first === 'ok' ? null : (first ?? 'no answer') };
  } catch (error) {
    throw storeError(error, path);
  } finally {
    db.close();
  }
}
