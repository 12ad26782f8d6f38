import { expect, test } from 'vitest';
import { isUserError, UserError } from '../../core/user-error.ts';
import { chooseChecks, diagnosisOf, fail, pass, runChecks, skip, warn } from './check.ts';
import type { Check, Finding } from './check.ts';
import { Patient } from './patient.ts';

const check = (id: string, requires: string[], finding: Finding | UserError): Check => ({
  id,
  requires,
  examine: () => (finding instanceof UserError ? Promise.reject(finding) : Promise.resolve(finding)),
});
// No check of these asks for anything.
const patient = new Patient(undefined as never, { quick: false, runsGates: false });
const run = async (...checks: Check[]): Promise<string[]> =>
  (await runChecks(checks, patient)).map(({ id, status, message }) => `${id} ${status}: ${message}`);

test('one failure makes all skip that hang on it, through others too, and names itself', async () => {
  const found = await run(
    check('a', [], warn('old', 'renew it')),
    check('b', ['a'], fail('broken', 'mend it')),
    check('c', ['b'], fail('never asked', '')),
    check('d', ['a', 'c'], pass('never asked')),
    check('e', ['a'], pass('well')),
  );
  expect(found).toEqual(['a warn: old', 'b fail: broken', 'c skip: b failed', 'd skip: b failed', 'e pass: well']);
});

test('what is skipped for a reason of its own holds nobody up; what looks at what is not there is skipped', async () => {
  const found = await run(check('a', [], skip('not yet')), check('b', ['a'], pass('well')), {
    ...check('c', [], pass('never asked')),
    looksAt: ['reading'],
  });
  expect(found).toEqual(['a skip: not yet', 'b pass: well', 'c skip: the yard has not run yet']);
});

test('what a person can mend is a failure with its place; a bug is not', async () => {
  const mistake = new UserError({ code: 'x', message: 'no', hint: 'yes', place: { file: 'f', line: 3 } });
  expect(await runChecks([check('a', [], mistake)], patient)).toEqual([
    { id: 'a', requires: [], status: 'fail', message: 'f:3: no', remedy: 'yes' },
  ]);
  const bug: Check = { id: 'a', requires: [], examine: () => Promise.reject(new Error('bug')) };
  await expect(runChecks([bug], patient)).rejects.toThrow('bug');
});

test('the diagnosis is the first failure, else the first warning', async () => {
  const results = await runChecks(
    [check('a', [], warn('w', 'r')), check('b', [], fail('f', 'r')), check('c', [], fail('g', 'r'))],
    patient,
  );
  expect(diagnosisOf(results)?.id).toBe('b');
  expect(diagnosisOf(results.slice(0, 1))?.id).toBe('a');
  expect(diagnosisOf([])).toBeNull();
});

test('some checks are run with all that they require, in their order', () => {
  const checks = [
    check('a', [], pass('')),
    check('b', ['a'], pass('')),
    check('c', [], pass('')),
    check('d', ['b'], pass('')),
  ];
  const chosen = (...ids: string[]): string[] => chooseChecks(checks, ids).map(({ id }) => id);
  expect(chosen()).toEqual(['a', 'b', 'c', 'd']);
  expect(chosen('d')).toEqual(['a', 'b', 'd']);
  expect(() => chosen('e')).toThrow(expect.toSatisfy((error) => isUserError(error) && error.code === 'no-such-check'));
});
