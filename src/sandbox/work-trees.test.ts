import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { workTrees } from './work-trees.ts';

test('the main working tree is one, and so are linked ones, by whatever path git names them', async () => {
  const base = await useTemporaryDirectory('work-trees');
  const common = join(base, 'main', '.git');
  const named = { absolute: join(base, 'one/.git'), relative: '../../../../two/.git' };
  for (const [name, path] of Object.entries(named)) {
    mkdirSync(join(common, 'worktrees', name), { recursive: true });
    writeFileSync(join(common, 'worktrees', name, 'gitdir'), `${path}\n`);
  }
  expect(workTrees(common).toSorted()).toEqual(['main', 'one', 'two'].map((name) => join(base, name)));
});

test('a bare repository has none, and what lies beside it is not one', async () => {
  const base = await useTemporaryDirectory('work-trees');
  expect(workTrees(join(base, 'shop.git'))).toEqual([]);
});
