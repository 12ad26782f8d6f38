import { existsSync, readFileSync } from 'node:fs';

/** The part of vitest's JSON report that is counted. */
export interface Report {
  /** Vitest exited with 0. */
  passed: boolean;
  testResults: readonly {
    status: string;
    assertionResults: readonly { status: string }[];
  }[];
}

/** Tests by outcome. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reads the report of a run; a run that wrote none has no results. */
export function readReport(path: string, passed: boolean): Report {
  if (!existsSync(path)) return { passed: false, testResults: [] };
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as Pick<Report, 'testResults'>;
  return { passed, testResults };
}

/**
 * Counts tests, and as one failure each: a failed step, a file that failed outside its tests (it does not load, a hook
 * threw, it left a process behind), and a run that failed for none of these reasons.
 */
export function count(report: Report, failedSteps: number): Counts {
  const statuses = report.testResults.flatMap((file) => file.assertionResults.map(({ status }) => status));
  const passed = statuses.filter((status) => status === 'passed').length;
  const failedTests = statuses.filter((status) => status === 'failed').length;
  const failedFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'),
  ).length;
  const failedRun = !report.passed && failedTests + failedFiles === 0 ? 1 : 0;
  return {
    passed,
    failed: failedTests + failedFiles + failedRun + failedSteps,
    skipped: statuses.length - passed - failedTests,
  };
}
