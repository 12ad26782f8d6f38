import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { processesOf } from '../fixtures/e2e/own-processes.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';
import { root } from '../fixtures/repository-files.ts';
import { placeVersion } from '../fixtures/versions/installed.ts';

const CONFIG = `# ours
version: 1
target: agent/integration
defaults: { agent: a, gate: default }
gates: { default: { run: 'true' } }
agents: { a: { kind: command, run: [git] } }
`;

/** Stands in for npm: makes what `npm install` would, or fails as it does. */
const NPM = `#!/bin/sh
echo "$@" > "$HOME/npm-said"
[ "$1 $2" = "install --prefix" ] || exit 64
case "$*" in *@9.9.9) echo "npm warn beside the point" >&2; echo "npm error 404 no such version" >&2; exit 1;; esac
mkdir -p "$3/node_modules/yardmaster/bin"
echo '{"version":"0.2.0","type":"module"}' > "$3/node_modules/yardmaster/package.json"
echo 'console.log("0.2.0 ran", process.argv.slice(2).join(" "))' > "$3/node_modules/yardmaster/bin/yard.js"
`;

async function withVersions(
  config = CONFIG,
): Promise<{ made: E2eYard; versions: string; env: Record<string, string> }> {
  const made = await makeYard({ config });
  const versions = join(made.base, 'versions');
  await mkdir(join(made.base, 'bin'), { recursive: true });
  await writeFile(join(made.base, 'bin/npm'), NPM);
  await chmod(join(made.base, 'bin/npm'), 0o755);
  const path = `${join(made.base, 'bin')}:${made.environment['PATH'] ?? ''}`;
  return { made, versions, env: { YARD_VERSIONS_DIR: versions, PATH: path } };
}

test('a pinned version carries the command out, with its arguments and its exit code; not those about versions', async () => {
  const { made, versions, env } = await withVersions(`${CONFIG}yardmaster: 0.2.0\n`);
  const script = await placeVersion(versions, '0.2.0');
  expect(await made.yard(['run', '--max-hours', '1'], { env })).toEqual({
    code: 7,
    stdout: `yardmaster 0.2.0 as ${script}: run --max-hours 1\n`,
    stderr: '',
  });
  await mkdir(join(made.root, 'deep'));
  expect(await made.yard(['--help'], { env, cwd: join(made.root, 'deep') })).toMatchObject({ code: 7 });
  const { code, stdout } = await made.yard(['version', '--json'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    version: '0.1.0',
    pinned: { version: '0.2.0', origin: '.yard/config.yaml', installed: true, refused: null },
    node: process.versions.node,
    formats: { config: 1 },
  });
  expect((await made.yard(['version'], { env })).stdout).toMatch(
    /^yardmaster 0\.1\.0\nhere: 0\.2\.0, which \.yard\/config\.yaml asks for; it carries out all other commands\nNode /,
  );
});

test('one that is not installed is named with the command that installs it; what mends it works', async () => {
  const { made, versions, env } = await withVersions(`${CONFIG}yardmaster: 0.2.0\n`);
  const refusal = {
    error: /^yardmaster 0\.2\.0, which \.yard\/config\.yaml asks for, is not installed, and this is 0\.1\.0$/m,
    hint: /yard update 0\.2\.0 --install, or: npm install --ignore-scripts --prefix \S+\/versions\/0\.2\.0 yardmaster@0\.2\.0\. To ask for none: yard update --none$/,
  };
  await expectRefused(made, ['status'], refusal, { env });
  const json = await made.yard(['tasks', '--json'], { env });
  expect({ ...json, stdout: JSON.parse(json.stdout) as unknown }).toMatchObject({
    code: 2,
    stdout: { error: { code: 'version-missing', hint: expect.stringContaining('npm install') } },
    stderr: expect.stringMatching(/^error: /),
  });
  const doctor = JSON.parse((await made.yard(['doctor', 'version', '--json'], { env })).stdout) as object;
  expect(doctor).toMatchObject({ ok: false, diagnosis: 'version' });
  for (const args of [['--help'], ['run', '--help'], ['config', 'yardmaster'], ['--version'], ['version']]) {
    expect(await made.yard(args, { env })).toMatchObject({ code: 0 });
  }
  const inside = { env: { ...env, YARD_VERSIONS_DIR: join(made.root, 'node_modules') } };
  await placeVersion(join(made.root, 'node_modules'), '0.2.0');
  const error = /is not run: \S+ lies inside the repository$/m;
  await expectRefused(made, ['status'], { error, hint: /^hint: Mend that/ }, inside);
  await rm(join(made.root, 'node_modules'), { recursive: true });
  await expect(stat(versions)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('update repins, and installs first: what cannot be installed is not pinned', async () => {
  const { made, versions, env } = await withVersions();
  const config = () => made.readText('repo/.yard/config.yaml');
  expect(await made.yard(['update', '9.9.9', '--install'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('npm did not install yardmaster 9.9.9: 404 no such version'),
  });
  await expectRefused(
    made,
    ['update', '../evil'],
    { error: /^"\.\.\/evil" is not a version/, hint: /such as 0\.1\.0/ },
    { env },
  );
  expect(await config()).toBe(CONFIG.trimEnd());
  const { code, stdout } = await made.yard(['update', '0.2.0', '--install', '--json'], { env });
  expect({ code, json: JSON.parse(stdout) as unknown }).toEqual({
    code: 0,
    json: { pinned: '0.2.0', before: null, installed: true, inForce: '0.2.0', origin: '.yard/config.yaml' },
  });
  expect(await config()).toBe(CONFIG.replace('version: 1\n', 'version: 1\nyardmaster: 0.2.0\n').trimEnd());
  expect(await made.readText('home/npm-said')).toMatch(/--ignore-scripts .* -- yardmaster@0\.2\.0$/);
  expect(await made.yard(['status'], { env })).toMatchObject({ code: 0, stdout: '0.2.0 ran status\n' });
  await made.write('repo/.yard/config.local.yaml', 'yardmaster: 0.2.0\n');
  expect(await made.yard(['update', '0.1.0'], { env })).toMatchObject({
    code: 0,
    stdout: '.yard/config.yaml asks for yardmaster 0.1.0 (before: 0.2.0)\n',
    stderr: expect.stringContaining('.yard/config.local.yaml asks for 0.2.0, and stands over it'),
  });
  await rm(versions, { recursive: true });
});

test('what is not installed is pinned only by force, and even then the yard can be stopped and the pin taken away', async () => {
  const { made, env } = await withVersions();
  const config = () => made.readText('repo/.yard/config.yaml');
  const refusal = { error: /^yardmaster 9\.9\.9 is not installed here/m, hint: /--install, or: .*--force$/ };
  await expectRefused(made, ['update', '9.9.9'], refusal, { env });
  expect(await config()).toBe(CONFIG.trimEnd());
  expect(await made.yard(['update', '9.9.9', '--force'], { env })).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^warning: it is not installed here, .* Back with: yard update --none\n/),
  });
  expect(await made.yard(['status'], { env })).toMatchObject({ code: 2 });
  expect(await made.yard(['stop'], { env })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^stopped: /) });
  expect(await made.yard(['stop', '--now'], { env })).toMatchObject({ code: 0 });
  await expectRefused(
    made,
    ['update', '0.1.0', '--none'],
    { error: /^--none asks for no version/, hint: /yard update --none$/ },
    { env },
  );
  expect(await made.yard(['update', '--none'], { env })).toMatchObject({
    code: 0,
    stdout: '.yard/config.yaml asks for no version any more (before: 9.9.9)\n',
  });
  expect(await config()).toBe(CONFIG.trimEnd());
  expect(await made.yard(['status'], { env })).toMatchObject({ code: 0 });
});

test('all that a run starts is of the pinned version, and its end is told as if it had been called itself', async (context) => {
  if (!existsSync('/proc/self')) context.skip('processes are told by /proc');
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }] });
  const versions = join(made.base, 'versions');
  const place = join(versions, '0.2.0/node_modules/yardmaster');
  await mkdir(place, { recursive: true });
  for (const name of ['bin', 'dist']) await cp(join(root, name), join(place, name), { recursive: true });
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object;
  await writeFile(join(place, 'package.json'), JSON.stringify({ ...manifest, version: '0.2.0' }));
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'));
  const env = { YARD_VERSIONS_DIR: versions, YARD_YARDMASTER: '0.2.0' };
  expect(await made.yard(['--version'], { env })).toEqual({ code: 0, stdout: '0.2.0\n', stderr: '' });
  const run = made.start(['run'], { env });
  await made.waitForFile('started');
  const pids = await processesOf(made.base);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  const attempt = lines.map((line) => line.split('\0')).find((words) => words.includes('attempt'));
  expect(attempt?.[1]).toBe(join(place, 'bin/yard.js'));
  await made.touch('go');
  expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
});
