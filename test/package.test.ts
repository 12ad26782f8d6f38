import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { useTemporaryDirectory } from './fixtures/temporary-directory.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Two minutes: it asks the registry for four packages, from npm's own cache where it can. */
test(
  'the tarball installs globally and works, without a development dependency',
  { timeout: 120_000 },
  async (context) => {
    if (!existsSync(join(root, 'dist/main.js'))) context.skip('dist is not built: npm run build');
    const directory = await useTemporaryDirectory('package');
    const npm = (args: readonly string[]) =>
      run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
    await npm(['pack', '--pack-destination', directory]);
    const tarball = (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '';
    const prefix = join(directory, 'prefix');
    await npm(['install', '--global', '--prefer-offline', '--prefix', prefix, join(directory, tarball)]);

    const installed = join(prefix, 'lib/node_modules/yardmaster');
    const { stdout } = await run(process.execPath, [join(installed, 'bin/yard.js'), '--version']);
    expect(stdout.trim()).toBe(manifest.version);
    const packages = (await readdir(join(installed, 'node_modules'))).filter((name) => !name.startsWith('.'));
    const names: unknown[] = Object.keys(manifest.dependencies).map((name) => name.split('/')[0]);
    expect(new Set(packages)).toEqual(new Set(names));
    const shipped = await readdir(installed);
    expect(shipped).not.toContain('src');
    expect(shipped).not.toContain('test');
    expect(
      (await readdir(join(installed, 'dist'), { recursive: true })).filter((name) => name.includes('.test.')),
    ).toEqual([]);
    for (const command of ['yard', 'yardmaster']) expect(existsSync(join(prefix, 'bin', command))).toBe(true);
  },
);
