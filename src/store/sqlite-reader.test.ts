import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { spec } from '../../test/conformance/store-yard.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { DEFAULT_RETRY_POLICY } from '../core/task-state.ts';
import { systemClock } from '../process/clock.ts';
import { openReader } from './sqlite-reader.ts';
import { openStore } from './sqlite-store.ts';

async function storeFile(): Promise<string> {
  return join(await useTemporaryDirectory('store'), 'state.db');
}

async function open(path: string) {
  const store = await openStore(path, { clock: systemClock, policy: () => DEFAULT_RETRY_POLICY });
  onTestFinished(() => store.close());
  return store;
}

/** What a module loads at run time, itself included, packages and built-ins by name. */
async function loaded(url: URL, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(url.href)) return found;
  found.add(url.href);
  const text = await readFile(url, 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export)\b(?! type)[^;]*?from '([^']+)'/gms)) {
    if (name.startsWith('.')) await loaded(new URL(name, url), found);
    else found.add(name);
  }
  return found;
}

test('the reader loads nothing but built-ins, its own room, and what changes files', async () => {
  const all = [...(await loaded(new URL('sqlite-reader.ts', import.meta.url)))];
  expect(all).toContain('node:sqlite');
  const foreign = all.filter(
    (name) => !/^node:|\/src\/(store|core)\/|\/process\/(errno|failpoint|file-system)\./.test(name),
  );
  expect(foreign).toEqual([]);
});

test('no store, no reader', async () => {
  expect(openReader(await storeFile())).toBeNull();
  expect(openReader(join(await storeFile(), 'deeper', 'state.db'))).toBeNull();
});

test('it reads while a transaction writes, and sees what was committed', async () => {
  const path = await storeFile();
  const store = await open(path);
  await store.note('first', null);
  const reader = openReader(path);
  if (reader === null) throw new Error('no reader');
  onTestFinished(() => reader.close());
  const writer = new DatabaseSync(path);
  onTestFinished(() => writer.close());
  writer.exec(`begin immediate; insert into events (at_ms, type, data) values (1, 'second', 'null')`);
  const types = async () => (await reader.events({})).map(({ type }) => type);
  const version = await reader.version();
  expect(await types()).toEqual(['first']);
  expect(await reader.version()).toBe(version);
  writer.exec('commit');
  expect(await reader.version()).not.toBe(version);
  expect(await types()).toEqual(['first', 'second']);
});

test('it reads a store that nobody has open, and keeps nothing from writing', async () => {
  const path = await storeFile();
  const store = await open(path);
  await store.note('first', null);
  await store.close();
  const reader = openReader(path);
  if (reader === null) throw new Error('no reader');
  onTestFinished(() => reader.close());
  expect(await reader.events({})).toHaveLength(1);
  await (await open(path)).note('second', null);
  expect(await reader.events({})).toHaveLength(2);
});

test('what is read at every cycle does not go through the history', async () => {
  const path = await storeFile();
  const store = await open(path);
  const statements = new Set<string>();
  // The real one, listened to.
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  onTestFinished(() => prepare.mockRestore());
  await store.importTasks([{ spec: spec('T-1', { after: ['T-2', 'T-3'] }), source: null }]);
  await store.importTasks([{ spec: spec('T-2', { supersedes: ['T-3'] }), source: null }]);
  await store.importTasks([{ spec: spec('T-3'), source: null }]);
  await store.withdraw('T-3', { kind: 'superseded', by: 'T-2' });
  prepare.mockClear();
  const reader = openReader(path);
  if (reader === null) throw new Error('no reader');
  onTestFinished(() => reader.close());
  await reader.view();
  await store.note('n', null);
  expect([...(await reader.view()).dependencies]).toEqual([['T-3', 'ready']]);
  await reader.runningAttempts();
  await reader.rows(['ready']);
  await reader.lease('train');
  await reader.events({ taskId: 'T-1', limit: 1, newest: true });
  for (const [sql] of prepare.mock.calls) statements.add(sql);
  prepare.mockRestore();

  const db = new DatabaseSync(path);
  onTestFinished(() => db.close());
  const scans = [...statements]
    .filter((sql) => /^select\b/.test(sql) && !sql.includes('sqlite_schema'))
    .flatMap((sql) => db.prepare(`explain query plan ${sql}`).all())
    .map(({ detail }) => String(detail))
    .filter((detail) => detail.startsWith('SCAN '));
  // The control has one row, the pauses and the pools a few; the indexes hold what is held and open only.
  const small = /^SCAN (control|pauses|pools|json_each VIRTUAL TABLE.*|\w+ USING INDEX (leases_held|intents_open))$/;
  expect(scans.filter((detail) => !small.test(detail))).toEqual([]);
  expect(statements.size).toBeGreaterThan(8);
});
