import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = `
  const { closeInherited } = await import(process.argv[1]);
  const { spawnSync } = await import('node:child_process');
  const look = () => spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' }).stdout.includes(' 50 -> ');
  const before = look();
  closeInherited();
  console.log(before, look());
`;

test.runIf(process.platform === 'linux')('a descriptor that was left open is not handed on', () => {
  const url = fileURLToPath(new URL('inherited.ts', import.meta.url));
  const words = ['-c', 'exec 50< /; exec "$@"', 'bash', process.execPath, '--input-type=module', '-e', SCRIPT, url];
  const { stdout, stderr } = spawnSync('bash', words, { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'true false\n', stderr: '' });
});
