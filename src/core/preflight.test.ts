import { expect, test } from 'vitest';
import { preflightProblems } from './preflight.ts';

const policy = { preflight: { requireAcceptance: true }, gates: { default: {}, slow: {} }, agents: { codemod: {} } };
const task = { gate: null, agent: null, acceptance: ['it works'], objective: 'Do it.' };

test('a complete task has no problem', () => {
  expect(preflightProblems(task, policy)).toEqual([]);
  expect(preflightProblems({ ...task, gate: 'slow', agent: 'codemod:large:high' }, policy)).toEqual([]);
});

test('each thing that is missing is a sentence', () => {
  const problems = preflightProblems({ gate: 'fast', agent: 'claude:opus', acceptance: [], objective: ' ' }, policy);
  expect(problems).toEqual([
    'it has no objective; write what is to be done under ## Objective',
    'it has no acceptance criteria; list them under ## Acceptance criteria',
    'its gate "fast" is not in the configuration; known: default, slow',
    'its agent "claude" is not in the configuration; known: codemod',
  ]);
});

test('acceptance criteria can be made optional', () => {
  const lenient = { ...policy, preflight: { requireAcceptance: false } };
  expect(preflightProblems({ ...task, acceptance: [] }, lenient)).toEqual([]);
});

test('a row of the store answers without its texts', () => {
  expect(preflightProblems({ gate: null, agent: null, hasAcceptance: true }, policy)).toEqual([]);
  expect(preflightProblems({ gate: null, agent: null, hasAcceptance: false }, policy)).toHaveLength(1);
});

test('names that every object has are not known gates', () => {
  expect(preflightProblems({ ...task, gate: 'toString' }, policy)).toHaveLength(1);
});
