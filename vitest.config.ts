import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Only what is missing or older than its source is built.
    globalSetup: ['test/fixtures/e2e/build.ts'],
    // Processes, signals and working directories are real here: a test file gets a process of its own.
    pool: 'forks',
    isolate: true,
    maxWorkers: 2,
    globals: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 60_000,
  },
});
