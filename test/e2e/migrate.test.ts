import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { STORE_VERSION } from '../../src/store/sqlite-connection.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import { makeOldStore } from '../fixtures/store/old-store.ts';

test('an older store is brought up to date by migrate, with a copy; who only reads says so', async () => {
  const made = await makeYard();
  await mkdir(made.state, { recursive: true, mode: 0o700 });
  makeOldStore(join(made.state, 'state.db'), 1);
  await made.write('repo/.yard/config.schema.json', '{}\n');
  const older = await made.yard(['why', 'T-1', '--json']);
  expect({ code: older.code, json: JSON.parse(older.stdout) as unknown }).toMatchObject({
    code: 1,
    json: { error: { code: 'store-older', hint: expect.stringContaining('yard migrate') } },
  });
  expect(await made.yard(['migrate', '--dry-run'])).toEqual({
    code: 0,
    stdout:
      `would bring the store from version 1 to ${STORE_VERSION}; a copy is made first\n` +
      'would write .yard/config.schema.json anew, for editors\n',
    stderr: '',
  });
  expect(existsSync(join(made.state, 'backups'))).toBe(false);
  const { code, stdout } = await made.yard(['migrate', '--json']);
  const view = JSON.parse(stdout) as { store: { backup: string } };
  expect({ code, view }).toMatchObject({
    code: 0,
    view: { dryRun: false, store: { from: 1, to: STORE_VERSION }, config: null, schemaFile: true, heldBy: null },
  });
  expect(existsSync(view.store.backup)).toBe(true);
  expect(JSON.parse(await made.readText('repo/.yard/config.schema.json'))).toMatchObject({ type: 'object' });
  expect(await made.yard(['why', 'T-1'])).toMatchObject({ code: 0 });
  expect(await made.yard(['migrate'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing to do/) });
});

test('a command that writes does the same by itself, and the log has it', async () => {
  const made = await makeYard();
  await mkdir(made.state, { recursive: true, mode: 0o700 });
  makeOldStore(join(made.state, 'state.db'), 2);
  expect(await made.yard(['stop'])).toMatchObject({ code: 0 });
  const [event] = await made.read((reader) => reader.events({ types: ['yard.migrated'] }));
  expect(event?.data).toMatchObject({
    from: 2,
    to: STORE_VERSION,
    backup: expect.stringContaining('/backups/state-v2-'),
  });
});
