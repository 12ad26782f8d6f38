import { expect, test } from 'vitest';
import { preflightProblems } from './preflight.ts';
import type { PreflightPolicy } from './preflight.ts';

const policy: PreflightPolicy = {
  preflight: { requireAcceptance: true },
  gates: { default: {}, slow: {} },
  agents: { codemod: { kind: 'command' } },
};
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

test('each agent of a chain is looked at', () => {
  const problems = preflightProblems({ ...task, agent: 'codemod:big, codex, code mod' }, policy);
  expect(problems).toEqual([
    'its agent "codex" is not in the configuration; known: codemod',
    'its agent "code mod" is no agent; write name, name:model or name:model:effort',
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

test('an effort that its agent does not know is said', () => {
  const agents = { codex: { kind: 'codex' }, gemini: { kind: 'gemini' } } as const;
  const problems = preflightProblems({ ...task, agent: 'codex:gpt-5.5:hihg, gemini::high' }, { ...policy, agents });
  expect(problems).toEqual([
    expect.stringContaining('its agent "codex:gpt-5.5:hihg" has no effort "hihg"; did you mean high?'),
    expect.stringContaining('"gemini::high" is no agent'),
  ]);
});

test('no task is given to an agent that only reviews', () => {
  const agents = {
    codex: { kind: 'codex', model: null },
    coderabbit: { kind: 'coderabbit', model: null },
    critic: { kind: 'codex', model: 'review' },
  } as const;
  const problems = (agent: string): string[] => preflightProblems({ ...task, agent }, { ...policy, agents });
  expect(problems('codex:gpt-5.5, critic:gpt-5.5')).toEqual([]);
  expect(problems('codex, codex:review:high')).toEqual([
    'its agent "codex:review:high" only reviews; name one that works',
  ]);
  expect(problems('critic')).toHaveLength(1);
  expect(problems('coderabbit:committed')).toHaveLength(1);
});
