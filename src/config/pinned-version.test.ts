import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { pinnedVersion } from './pinned-version.ts';

async function pin(text: string | null, environment: Record<string, string> = {}, local?: string) {
  const root = await useTemporaryDirectory('pinned');
  await mkdir(join(root, '.yard'));
  if (text !== null) await writeFile(join(root, '.yard/config.yaml'), text);
  if (local !== undefined) await writeFile(join(root, '.yard/config.local.yaml'), local);
  return pinnedVersion(root, environment);
}

test.each([
  ['a line', 'version: 1\nyardmaster: 0.2.0\n', '0.2.0'],
  ['with a comment', 'yardmaster: 0.2.0 # because\n', '0.2.0'],
  ['in quotes', `yardmaster: "0.2.0"\n`, '0.2.0'],
  ['without a line end', `yardmaster: '0.2.0-rc.1'`, '0.2.0-rc.1'],
  ['with CRLF', 'version: 1\r\nyardmaster: 0.2.0\r\n', '0.2.0'],
  ['in JSON', '{"version": 1, "yardmaster": "0.2.0"}', '0.2.0'],
  ['in flow style over lines', '{\n  yardmaster: 0.2.0,\n  version: 1 }', '0.2.0'],
  ['by an alias', 'version: 1\ntarget: &v 0.2.0\nyardmaster: *v\n', '0.2.0'],
  ['the name alone', 'identity: { email: yardmaster@localhost }\n', null],
  ['commented out', '# yardmaster: 0.2.0\nversion: 1\n', null],
  ['under another key', 'areas:\n  yardmaster: { concurrent: 1 }\n', null],
  ['no version', 'yardmaster: ../../evil\n', null],
  ['a range', 'yardmaster: ^0.2.0\n', null],
  ['no YAML', 'yardmaster: [\n', null],
])('%s', async (_name, text, version) => {
  expect((await pin(text))?.version ?? null).toBe(version);
});

test('the variable wins over the local file, and that over the other; what is none hides the others', async () => {
  const text = 'yardmaster: 0.1.0\n';
  const local = 'yardmaster: 0.2.0\n';
  expect(await pin(text)).toEqual({ version: '0.1.0', origin: '.yard/config.yaml' });
  expect(await pin(text, {}, local)).toEqual({ version: '0.2.0', origin: '.yard/config.local.yaml' });
  expect(await pin(text, { YARD_YARDMASTER: '0.3.0' }, local)).toEqual({
    version: '0.3.0',
    origin: 'YARD_YARDMASTER',
  });
  expect(await pin(text, {}, 'yardmaster: nonsense\n')).toBeNull();
  expect(await pin(text, { YARD_YARDMASTER: '' })).toBeNull();
});

test('no link is followed, and no file is needed', async () => {
  const root = await useTemporaryDirectory('pinned');
  expect(await pinnedVersion(root, {})).toBeNull();
  await mkdir(join(root, 'elsewhere'));
  await writeFile(join(root, 'elsewhere/config.yaml'), 'yardmaster: 0.2.0\n');
  await symlink('elsewhere', join(root, '.yard'));
  expect(await pinnedVersion(root, {})).toBeNull();
});
