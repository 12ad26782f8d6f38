import { spawnSync } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from './fixtures/temporary-directory.ts';

const pretendOld = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`;

async function packageWith(main: string | null): Promise<string> {
  const directory = await useTemporaryDirectory();
  await cp(join(import.meta.dirname, '../bin'), join(directory, 'bin'), { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  if (main !== null) {
    await mkdir(join(directory, 'dist'));
    await writeFile(join(directory, 'dist/main.js'), main);
  }
  return directory;
}

function launch(directory: string, ...nodeArgs: string[]) {
  const args = [...nodeArgs, join(directory, 'bin/yard.js'), 'status', '--json'];
  return spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8' });
}

test('runs dist/main.js with the arguments', async () => {
  const directory = await packageWith('console.log(process.argv.slice(2).join(" ")); process.exitCode = 7;');
  expect(launch(directory)).toMatchObject({ status: 7, stdout: 'status --json\n', stderr: '' });
});

test('says what to do on an old Node', async () => {
  const directory = await packageWith('console.log("started")');
  const result = launch(directory, '--import', pretendOld);
  expect(result).toMatchObject({ status: 2, stdout: '' });
  expect(result.stderr).toMatch(/^yard: Node 24 or newer is needed, and this is Node 20\.20\.2: .*\n$/);
});

test('says what to do without a build', async () => {
  const result = launch(await packageWith(null));
  expect(result).toMatchObject({ status: 2, stdout: '' });
  expect(result.stderr).toContain('npm run build');
});
