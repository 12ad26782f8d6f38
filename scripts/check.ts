// Runs every check, the later ones too when an earlier one fails. `npm test` runs the same and all the tests.
import { checks, passes } from './step.ts';

const failed = checks.filter((script) => !passes(script));
if (!passes('vitest', 'test/tidy.test.ts')) failed.push('tidy');

if (failed.length > 0) {
  console.log(`\nfailed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
