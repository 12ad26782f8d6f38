import { spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minimalEnvironment, runGit } from '../fixtures/e2e/git.ts';
import { awaitQuiet } from '../fixtures/e2e/own-processes.ts';
import { root } from '../fixtures/repository-files.ts';
import { temporaryDirectory } from '../fixtures/temporary-directory.ts';

/** The commands of the README's example, as they stand. */
async function readCommands(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, section] = /<!-- example:monorepo-codemod\b[^>]*-->([\s\S]*?)<!-- \/example -->/.exec(readme) ?? [];
  if (section === undefined) throw new Error('the README has no example');
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands).join('\n');
}

/** A machine with a clone of this repository and an installed `yard`. */
async function makeMachine(base: string): Promise<{ cwd: string; env: Record<string, string> }> {
  const [bin, home, clone] = ['bin', 'home', 'yardmaster'].map((name) => join(base, name)) as [string, string, string];
  for (const directory of [bin, home, clone]) await mkdir(directory);
  const program = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/yard.js')}' "$@"\n`;
  await writeFile(join(bin, 'yard'), program, { mode: 0o755 });
  await symlink(join(root, 'examples'), join(clone, 'examples'));
  const env = minimalEnvironment(home);
  return { cwd: clone, env: { ...env, PATH: `${bin}:${env['PATH']}`, YARD_STATE_DIR: join(base, 'state') } };
}

/** Output of a shell, both streams, and its exit code. */
async function runShell(
  script: string,
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<{ code: number | null; output: string }> {
  const child = spawn('/bin/sh', ['-eu', '-c', script], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', resolve);
  return { code: await promise, output };
}

test('the example of the README, command by command: every package lands', { timeout: 600_000 }, async () => {
  await using directory = await temporaryDirectory('example');
  const { path: base } = directory;
  const { code, output } = await runShell(await readCommands(), await makeMachine(base));
  await awaitQuiet(base, 10_000);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('10 landed') as string });

  const git = (...args: string[]): string => runGit(join(base, 'shop'), join(base, 'home'), args);
  const packages = git('ls-tree', '--name-only', 'main:packages').split('\n');
  expect(packages).toHaveLength(10);
  const subjects = git('log', '--first-parent', '--format=%s', 'main..agent/integration').split('\n');
  expect(subjects.toSorted()).toEqual(packages.map((name) => `Use node: imports in packages/${name}`).toSorted());
  const changed = git('diff', '--name-only', 'main', 'agent/integration').split('\n');
  expect(changed).toEqual(
    packages.flatMap((name) => ['src/journal.mjs', 'test/journal.test.mjs'].map((file) => `packages/${name}/${file}`)),
  );
  const bare = git('grep', '-h', '-E', `from '[a-z/]+'`, 'main', '--', 'packages').split('\n');
  expect(bare).toHaveLength(7 * packages.length);
  // Exits with 1 when nothing is found.
  expect(() => git('grep', '-h', '-E', `from '[a-z/]+'`, 'agent/integration', '--', 'packages')).toThrow(
    /exited with 1/,
  );
  // The person's own checkout is as it was: nothing but `.yard` is new in it.
  expect(git('symbolic-ref', '--short', 'HEAD')).toBe('main');
  expect(git('status', '--porcelain')).toBe('?? .yard/');
});
