import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** A test as it ended; what vitest's own JSON report does not have is why one was skipped. */
export interface RanCase {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** Titles of what it stands in, from the outside in. */
  readonly within: readonly string[];
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly why: string | null;
}

/** Names the file that the cases are written to. */
export const CASES_FILE = 'YARD_TEST_CASES';

/** For vitest's `--reporter`. */
export default class CaseReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env[CASES_FILE];
    if (file === undefined) throw new Error(`${CASES_FILE} names no file`);
    const cases = modules.flatMap((module) => [...module.children.allTests()].flatMap(caseOf));
    writeFileSync(file, JSON.stringify(cases));
  }
}

function caseOf(test: TestCase): RanCase[] {
  const result = test.result();
  const within: string[] = [];
  for (let { parent } = test; parent.type === 'suite'; parent = parent.parent) within.unshift(parent.name);
  const about = { file: relative(process.cwd(), test.module.moduleId), within, title: test.name };
  // Not chosen by `-t`: it says nothing.
  if (result.state === 'skipped' && result.note === undefined) return [];
  const why = result.state === 'skipped' ? (result.note ?? null) : null;
  // What was cut short has proven nothing.
  return [{ ...about, state: result.state === 'pending' ? 'failed' : result.state, why }];
}
