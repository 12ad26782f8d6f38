import { expect, test } from 'vitest';
import { count } from '../scripts/test-count.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((each) => ({ status: each })),
});

test('tests are counted by outcome', () => {
  const testResults = [file('passed', 'passed', 'passed', 'skipped', 'todo'), file('failed', 'passed', 'failed')];
  expect(count({ passed: false, testResults }, 0)).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

test('a failed step is one failure', () => {
  expect(count({ passed: true, testResults: [file('passed', 'passed')] }, 2)).toMatchObject({ passed: 1, failed: 2 });
});

test('a file that failed outside its tests is one failure', () => {
  expect(count({ passed: false, testResults: [file('failed', 'passed'), file('failed')] }, 0)).toMatchObject({
    failed: 2,
  });
});

test('a run that failed for no visible reason is one failure', () => {
  expect(count({ passed: false, testResults: [file('passed', 'passed')] }, 0)).toMatchObject({ failed: 1 });
  expect(count({ passed: false, testResults: [] }, 0)).toMatchObject({ failed: 1 });
});
