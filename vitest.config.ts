import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

import { LONG_TESTS, RUNS_ALL } from './test/long-tests.ts';

/** A file that is asked for by its name is run. */
const isNamed = (file: string): boolean => process.argv.some((word) => word.includes('test/') && file.includes(word));

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(RUNS_ALL ? [] : LONG_TESTS.filter((file) => !isNamed(file)))],
    setupFiles: ['test/setup.ts'],
    // Only what is missing or older than its source is built.
    globalSetup: ['test/fixtures/e2e/build.ts'],
    // Processes, signals and working directories are real here: a test file gets a process of its own.
    pool: 'forks',
    isolate: true,
    // Half of the time a test waits: for a disk, for a process, for what is to time out.
    maxWorkers: availableParallelism() + 1,
    globals: false,
    // What tests start from the source need not be read anew each time.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
});
