// All that CI runs: the checks, the build, every test. The last line of the output is the count.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LONG_TESTS, RUNS_ALL } from '../test/long-tests.ts';
import { checks, passes } from './step.ts';
import { count, readReport } from './test-count.ts';

const directory = mkdtempSync(join(tmpdir(), 'yardmaster-report-'));
try {
  const report = join(directory, 'report.json');
  const failedSteps = [...checks, 'build'].filter((script) => !passes(script));
  const passed = passes('vitest', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`);
  const counts = count(readReport(report, passed), failedSteps.length);

  if (!RUNS_ALL)
    console.log(`${LONG_TESTS.length} long test files were left out; YARD_TESTS=all runs them, as CI does`);
  if (failedSteps.length > 0) console.log(`failed: ${failedSteps.join(', ')}`);
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
