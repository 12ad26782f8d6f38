import { expect, test } from 'vitest';
import { CONFIG_MIGRATIONS, migrateConfig } from './config-migrations.ts';
import type { ConfigMigration } from './config-migrations.ts';
import { CONFIG_VERSION } from './schema.ts';

const rename: ConfigMigration = (text) => text.replace(/^colour:/m, 'color:');
const drop: ConfigMigration = (text) => text.replace(/^size:.*\n/m, '');

test('a step leads to each version of the format', () => {
  expect(CONFIG_MIGRATIONS).toHaveLength(CONFIG_VERSION - 1);
});

test('every step from its version on is taken, and what a person wrote stays', () => {
  const text = '# ours\nversion: 1 # keep\ncolour: red # why\nsize: 3\n';
  expect(migrateConfig(text, [rename, drop])).toEqual({
    kind: 'migrated',
    from: 1,
    to: 3,
    text: '# ours\nversion: 3 # keep\ncolor: red # why\n',
  });
  expect(migrateConfig('version: 2\ncolour: red\nsize: 3\n', [rename, drop])).toMatchObject({
    from: 2,
    text: 'version: 3\ncolour: red\n',
  });
  expect(migrateConfig('colour: red\n', [rename])).toMatchObject({ from: 1, text: 'version: 2\ncolor: red\n' });
});

test('what is current, newer, or no configuration is let be', () => {
  expect(migrateConfig('version: 3\n', [rename, drop])).toEqual({ kind: 'current' });
  expect(migrateConfig('version: 9\n', [rename, drop])).toEqual({ kind: 'current' });
  for (const text of ['version: [', 'version: one\n', 'version: 0\n', 'version: 1.5\n']) {
    expect(migrateConfig(text, [rename])).toEqual({ kind: 'unreadable' });
  }
});

test('a step that cannot be taken changes nothing, and a chain has an end', () => {
  expect(migrateConfig('version: 1\nsize: 3\n', [drop, () => null])).toEqual({ kind: 'stuck', at: 2 });
  expect(() => migrateConfig('version: 1\n', Array<ConfigMigration>(65).fill(rename))).toThrow('more than 64');
});
