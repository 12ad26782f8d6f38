import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { beforeEach, expect, test } from 'vitest';

import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { runProcess } from '../../process/run.ts';
import type { HomeFile } from './protocol.ts';
import { withSeededHome } from './seeded-home.ts';

let root: string;
let home: string;
beforeEach(async () => {
  root = await useTemporaryDirectory();
  home = join(root, 'home');
  await mkdir(home);
});

const SETTINGS: HomeFile = { path: '.agent/sub/settings.json', content: 'settings' };
const LOGIN: HomeFile = { path: 'login.json', content: 'login', isLogin: true };

/** Starts a program that says `begun` with these files; the turn of a program ends by a limit, and so does this. */
async function start(...files: HomeFile[]): Promise<string> {
  const seed = join(root, 'seed');
  await rm(seed, { recursive: true, force: true });
  await mkdir(seed);
  const [program, ...args] = await withSeededHome({ home, seed }, files, ['echo', 'begun']);
  const env = { PATH: process.env['PATH'] ?? '' };
  const result = await runProcess(program, args, { cwd: root, env, timeoutMs: 20_000 });
  return result.kind === 'exited' ? `${result.stdout.toString()}${result.stderr.toString()}` : result.kind;
}

const at = (path: string): string => join(home, path);
const fifo = (path: string): void => void execFileSync('mkfifo', [at(path)]);
const under = async (path: string): Promise<string> => {
  await mkdir(dirname(at(path)), { recursive: true });
  return path;
};

test('a login that the program has renewed stays, until there is another one', async () => {
  expect(await start(SETTINGS, LOGIN)).toBe('begun\n');
  expect((await stat(at('login.json'))).mode & 0o777).toBe(0o600);
  await writeFile(at('login.json'), 'renewed');
  await writeFile(at(SETTINGS.path), 'changed');
  expect(await start(SETTINGS, LOGIN)).toBe('begun\n');
  expect(await readFile(at('login.json'), 'utf8')).toBe('renewed');
  expect(await readFile(at(SETTINGS.path), 'utf8')).toBe('settings');
  await start(SETTINGS, { ...LOGIN, content: 'another' });
  expect(await readFile(at('login.json'), 'utf8')).toBe('another');
});

test.for<[string, () => Promise<void>]>([
  ['a FIFO for its settings', async () => fifo(await under(SETTINGS.path))],
  ['a FIFO for the directory of its settings', async () => fifo('.agent')],
  ['a FIFO for its login', async () => fifo('login.json')],
  ['a FIFO for the mark of its login', async () => fifo('.yard-login')],
  ['a directory for the mark of its login', async () => void (await mkdir(at('.yard-login/x'), { recursive: true }))],
  ['a mark without an end', async () => symlink('/dev/zero', at('.yard-login'))],
  [
    'a mark of a terabyte',
    async () => writeFile(at('.yard-login'), '').then(() => truncate(at('.yard-login'), 2 ** 40)),
  ],
  ['a device for its settings', async () => symlink('/dev/zero', at(await under(SETTINGS.path)))],
  ['a directory for its settings', async () => void (await mkdir(at(`${SETTINGS.path}/x`), { recursive: true }))],
  ['a directory that is closed', async () => mkdir(at('.agent')).then(() => chmod(at('.agent'), 0))],
])('an agent that left %s begins at once, with what it is to find', async ([, leave]) => {
  await leave();
  expect(await start(SETTINGS, LOGIN)).toBe('begun\n');
  expect(await readFile(at(SETTINGS.path), 'utf8')).toBe('settings');
  expect(await readFile(at('login.json'), 'utf8')).toBe('login');
});

test('a link is replaced, and nothing behind it touched', async () => {
  await mkdir(join(root, 'mine/sub'), { recursive: true });
  await writeFile(join(root, 'mine/sub/settings.json'), 'mine');
  await symlink('../mine', at('.agent'));
  await symlink('../mine/sub/settings.json', at('login.json'));
  expect(await start(SETTINGS, LOGIN)).toBe('begun\n');
  expect(await readFile(join(root, 'mine/sub/settings.json'), 'utf8')).toBe('mine');
  expect(await readFile(at(SETTINGS.path), 'utf8')).toBe('settings');
});
