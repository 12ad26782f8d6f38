import { join } from 'node:path';

/** The built program, as `npm install` would start it. */
export const YARD: readonly string[] = [process.execPath, join(import.meta.dirname, '../bin/yard.js')];

/** What a worker is started by. */
export const WORKER: readonly string[] = [process.execPath, join(import.meta.dirname, '../dist/main.js')];

/** Node that does nothing: what every figure of a start is compared with. */
export const BARE: readonly string[] = [process.execPath, '-e', '0'];

/** The same for everything that is measured; nothing of whoever runs the benchmark but PATH. */
export function environment(stateDirectory: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: stateDirectory,
    LC_ALL: 'C',
    YARD_STATE_DIR: stateDirectory,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
}
