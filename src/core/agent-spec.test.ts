import { expect, test } from 'vitest';

import { AGENT_SPEC, agentChain, agentName, joinChain, parseAgentSpec, tidyChain } from './agent-spec.ts';

test.each([
  ['claude', { name: 'claude', model: null, effort: null }],
  ['claude:opus', { name: 'claude', model: 'opus', effort: null }],
  ['claude:opus:high', { name: 'claude', model: 'opus', effort: 'high' }],
  ['codex:high', { name: 'codex', model: null, effort: 'high' }],
  ['local:qwen3:8b', { name: 'local', model: 'qwen3:8b', effort: null }],
  ['local:qwen3:8b:low', { name: 'local', model: 'qwen3:8b', effort: 'low' }],
  ['opencode:anthropic/claude-opus', { name: 'opencode', model: 'anthropic/claude-opus', effort: null }],
])('%s', (spec, parsed) => {
  expect(parseAgentSpec(spec)).toEqual(parsed);
  expect(agentName(spec)).toBe(parsed.name);
});

test('a chain is written in one text', () => {
  expect(agentChain('codex:gpt-5.5,claude ,  gemini')).toEqual(['codex:gpt-5.5', 'claude', 'gemini']);
  expect(joinChain(['codex:gpt-5.5', 'claude'])).toBe('codex:gpt-5.5, claude');
  expect(agentName('codex:gpt-5.5, claude')).toBe('codex');
  expect(agentChain('')).toEqual([]);
});

test('a chain is tidied', () => {
  expect(tidyChain(' codex,claude , codex,')).toBe('codex, claude');
  expect(tidyChain(' , ')).toBeNull();
  expect(tidyChain('')).toBeNull();
});

test.each([
  ['claude', true],
  ['local:qwen3:8b:low', true],
  ['code mod', false],
  ['claude:', false],
  [':opus', false],
  ['-x', false],
])('%s is an agent spec: %s', (spec, is) => {
  expect(AGENT_SPEC.test(spec)).toBe(is);
});
