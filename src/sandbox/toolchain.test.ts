import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { toolchainPaths } from './toolchain.ts';

const NAMES = [
  'home/.cargo/bin/cargo',
  'home/.cargo/credentials.toml',
  'home/.tool/lib/part.js',
  'home/.tool/bin/tool',
  'home/.tool/config.yml',
  'home/go-1.23/bin/go',
  'home/repo/bin/make-it',
  'home/repo/node_modules/.bin/tsc',
  'home/repo/cli.js',
  'home/repo/.env',
  'home/agents/node_modules/@some/agent/bin/agent.js',
  'home/agents/node_modules/@some/agent-linux-x64/agent',
  'links/keep',
  'module-links/keep',
];

/** What is shown of these places when they stand in PATH, as paths below the home. */
async function shown(...path: string[]): Promise<string[]> {
  const base = await useTemporaryDirectory('toolchain');
  for (const name of NAMES) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), '');
  }
  symlinkSync(join(base, 'home/repo/cli.js'), join(base, 'links/linked'));
  symlinkSync(join(base, 'home/agents/node_modules/@some/agent/bin/agent.js'), join(base, 'module-links/agent'));
  const home = join(base, 'home');
  const places = toolchainPaths(path.map((name) => join(base, name)).join(':'), home, [home, join(home, 'repo')]);
  return places.map((place) => place.slice(home.length + 1)).toSorted();
}

test.each([
  ['a toolchain, with all that belongs to it', 'home/go-1.23/bin', ['go-1.23', 'go-1.23/bin']],
  ['the modules of a project', 'home/repo/node_modules/.bin', ['repo/node_modules', 'repo/node_modules/.bin']],
  ['a directory of settings: its programs and their libraries', 'home/.tool/bin', ['.tool/bin', '.tool/lib']],
  ['a directory of logins: its programs, as always', 'home/.cargo/bin', []],
  ['a directory of the repository, not what is beside it', 'home/repo/bin', ['repo/bin']],
  ['nothing of the repository itself', 'home/repo', []],
  ['nothing of a home itself', 'home', []],
  ['a program of the repository behind a link, alone', 'links', ['repo/cli.js']],
  ['a program of a package behind a link, with the packages beside it', 'module-links', ['agents/node_modules']],
])('of PATH is shown: %s', async (_, path, expected) => {
  expect(await shown(path)).toEqual([...expected, '.cargo/bin'].toSorted());
});
