import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, SqliteDialect, SqliteDriver } from 'kysely';
import type { DatabaseConnection, Driver, SqliteDatabase, SqliteStatement } from 'kysely';
import { isBusy } from './sqlite-errors.ts';

type Redact = (text: string) => string;

/** Statements that stay prepared. What a store writes is a fixed set; lists of another length are further ones. */
const CACHED_STATEMENTS = 200;
const PATIENCE_MS = 30_000;
const MAX_PAUSE_MS = 20;

/**
 * Calls until it does not fail for a lock of another process, with pauses of random length: SQLite's lock is not fair,
 * and those who wait in step starve. After 30 s the error is thrown.
 */
export async function whileBusy<T>(act: () => T | Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadlineMs) throw error;
    }
    await delay(Math.random() * Math.min(2 * tries, MAX_PAUSE_MS));
  }
}

/**
 * kysely over `node:sqlite`. Every transaction begins with the write lock: one that reads first and writes later could
 * not be waited for. kysely lends the one connection to one transaction at a time, so that two of one process queue up.
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #db: DatabaseSync;
  readonly #redact: Redact;

  /** @param redact every text that is written passes it. */
  constructor(db: DatabaseSync, redact: Redact) {
    super({ database: new CachingDatabase(db, redact) });
    this.#db = db;
    this.#redact = redact;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#db, this.#redact);
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync, redact: Redact) {
    super({ database: new CachingDatabase(db, redact) });
    this.#db = db;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await whileBusy(() => connection.executeQuery(CompiledQuery.raw('begin immediate')));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After a full disk, SQLite has rolled back by itself; a second time would hide the error.
    if (this.#db.isTransaction) await super.rollbackTransaction(connection);
  }
}

class CachingDatabase implements SqliteDatabase {
  readonly #db: DatabaseSync;
  readonly #redact: Redact;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(db: DatabaseSync, redact: Redact) {
    this.#db = db;
    this.#redact = redact;
  }

  close(): void {
    this.#db.close();
  }

  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const prepared = this.#db.prepare(sql);
    const written = (parameters: readonly unknown[]): SQLInputValue[] =>
      parameters.map((value) => (typeof value === 'string' ? this.#redact(value) : (value as SQLInputValue)));
    const statement: SqliteStatement = {
      reader: prepared.columns().length > 0,
      all: (parameters) => prepared.all(...written(parameters)),
      run: (parameters) => prepared.run(...written(parameters)),
      iterate: (parameters) => prepared.iterate(...written(parameters)),
    };
    if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }
}
