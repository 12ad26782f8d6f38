import { expect, test } from 'vitest';

import { useYard } from '../../test/fixtures/git/yard.ts';
import { inDepot } from './depot.ts';
import { listNamed, listTree } from './tree.ts';

test('a tree is listed whole, and by name, with odd names among others', async () => {
  const yard = await useYard({
    '.gitignore': 'a',
    'd/.gitignore': 'b',
    'd/e\n/.gitignore': { link: 'x' },
    'x.gitignore': 'c',
    'd/x.gitignore': 'c',
    '.gitignore.d/f': { executable: 'e' },
    'new\n\tline': 'n',
  });
  const entries = await listTree(inDepot(yard.depot), yard.base);
  expect(entries.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
    '100644 .gitignore',
    '100755 .gitignore.d/f',
    '100644 d/.gitignore',
    '120000 d/e\n/.gitignore',
    '100644 d/x.gitignore',
    '100644 new\n\tline',
    '100644 x.gitignore',
  ]);
  const named = new Set(['.gitignore', 'd/.gitignore', 'd/e\n/.gitignore']);
  expect(await listNamed(inDepot(yard.depot), yard.base, '.gitignore')).toEqual(
    entries.filter(({ path }) => named.has(path)),
  );
  expect(await listNamed(inDepot(yard.depot), yard.base, 'nothing')).toEqual([]);
});
