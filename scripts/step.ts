import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What a change must pass besides the tests: scripts of package.json. */
export const checks: readonly string[] = [
  'check:types',
  'check:lint',
  'check:format',
  'check:dead-code',
  'check:package',
];

/** Runs one script of package.json, its output going to ours. True when it exited with 0. */
export function passes(script: string, ...args: readonly string[]): boolean {
  console.log(`\n> ${script}`);
  const { status, error } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
  });
  if (error) console.error(error.message);
  return status === 0;
}
