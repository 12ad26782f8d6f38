import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { findProgram } from './find-program.ts';

test('finds the first program of the name, its links resolved', async () => {
  const directory = await useTemporaryDirectory();
  const [none, directories, plain, links, real] = ['none', 'directories', 'plain', 'links', 'real'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string, string];
  await mkdir(join(directories, 'tool'), { recursive: true });
  for (const path of [plain, links, real]) await mkdir(path);
  await writeFile(join(plain, 'tool'), '', { mode: 0o644 });
  await writeFile(join(real, 'program'), '', { mode: 0o755 });
  await symlink(join(real, 'program'), join(links, 'tool'));
  const path = [none, directories, plain, '', 'relative', links].join(':');
  expect(findProgram('tool', path)).toBe(join(real, 'program'));
  expect(findProgram('tool', [none, directories, plain].join(':'))).toBe(null);
});
