import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ProcessIdentity } from '../core/process-identity.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { isAlive } from './identity.ts';
import { spawnDetached } from './spawn.ts';
import { readRow } from './table.ts';
import { killTree } from './tree.ts';

let cwd: string;
let logFile: string;
beforeEach(async () => {
  cwd = await useTemporaryDirectory('spawn');
  logFile = join(cwd, 'log');
});
const env = { PATH: process.env['PATH'] ?? '' };

describe('spawnDetached', () => {
  it('starts a program in its own session, its output in the log, and tells of its end', async () => {
    const exit = Promise.withResolvers<[number | null, string | null]>();
    const onExit = (...end: [number | null, string | null]): void => exit.resolve(end);
    const spawned = await spawnDetached('sh', ['-c', 'echo out; echo err >&2; exit 4'], { cwd, env, logFile, onExit });
    expect(spawned.kind).toBe('spawned');
    expect(await exit.promise).toEqual([4, null]);
    expect(await readFile(logFile, 'utf8')).toBe('out\nerr\n');
  });

  it('leads a session and can be killed by its identity', async () => {
    const spawned = await spawnDetached('sleep', ['1000'], { cwd, env, logFile });
    if (spawned.kind !== 'spawned') throw new Error(spawned.message);
    const { identity } = spawned;
    expect(readRow(identity.pid)).toMatchObject({ sessionId: identity.pid, groupId: identity.pid });
    await killTree({ leader: identity, marker: null, graceMs: 10_000 });
    expect(isAlive(identity)).toBe(false);
  });

  it('neither keeps its parent alive nor ends with it', async () => {
    const program = `
      const { spawnDetached } = await import(${JSON.stringify(join(import.meta.dirname, 'spawn.ts'))});
      const spawned = await spawnDetached('sleep', ['1000'], ${JSON.stringify({ cwd, env, logFile })});
      console.log(JSON.stringify(spawned.identity));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    const identity = JSON.parse(stdout) as ProcessIdentity;
    expect(isAlive(identity)).toBe(true);
    await killTree({ leader: identity, marker: null, graceMs: 10_000 });
    expect(isAlive(identity)).toBe(false);
  });

  it.each([
    ['ENOENT', '/no/such/program', {}],
    ['ENOENT', 'sleep', { logFile: '/no/such/directory/log' }],
    ['EISDIR', 'sleep', { logFile: '/' }],
  ])('says %s as a value', async (errorCode, file, options) => {
    const spawned = await spawnDetached(file, ['1000'], { cwd, env, logFile, ...options });
    expect(spawned).toMatchObject({ kind: 'spawn-failed', errorCode });
  });
});
