import { describe, expect, test } from 'vitest';
import { configuredEffortProblem, effortProblem } from './agent-effort.ts';
import type { AgentKind } from './agent-kind.ts';

const problem = (spec: string, kind: AgentKind): string | null => effortProblem(spec, { kind }, 'it');

describe('no mistake', () => {
  test.each<[string, AgentKind]>([
    ['claude', 'claude'],
    ['claude:opus', 'claude'],
    ['claude:opus:max', 'claude'],
    ['claude:us.anthropic.claude-opus-4-1-20250805-v1:0', 'claude'],
    ['codex:gpt-5.5:minimal', 'codex'],
    ['codex:review', 'codex'],
    ['gemini:gemini-2.5-pro', 'gemini'],
    ['local:qwen3:8b', 'local'],
    ['local:qwen3:latest', 'local'],
    ['local:qwen3:8b:low', 'local'],
    ['qwen:qwen3:coder', 'qwen'],
    ['opencode:openrouter/deepseek-r1:free', 'opencode'],
    ['opencode:anthropic/claude-opus:high', 'opencode'],
    ['pi:anthropic/claude:high', 'pi'],
    ['acp:gemini', 'acp'],
    ['acp:codex:gpt-5.5:high', 'acp'],
    ['acp:goose:qwen3:latest', 'acp'],
    ['codemod:large:fast', 'command'],
  ])('%s', (spec, kind) => {
    expect(problem(spec, kind)).toBeNull();
  });
});

test.each<[string, AgentKind, string]>([
  ['codex:gpt-5:hihg', 'codex', 'did you mean high? known: none, minimal, low, medium, high, xhigh, max; a model'],
  ['codex:gpt-5:High', 'codex', 'did you mean high?'],
  ['codex:deepseek-r1:free', 'codex', 'a model with a colon in its name stands under agents.it.model'],
  ['codex:review:hihg', 'codex', 'did you mean high?'],
  ['claude:opus:minimal', 'claude', 'has no effort "minimal"; known: low, medium, high, xhigh, max'],
  ['claude:opus:medum', 'claude', 'did you mean medium? known: low, medium, high, xhigh, max'],
  ['acp:claude:opus:hihg', 'acp', 'did you mean high?'],
  ['gemini:gemini-2.5-pro:high', 'gemini', 'cannot be told how hard to think ("high")'],
  ['gemini:gemini-2.5-pro:hihg', 'gemini', 'cannot be told how hard to think ("hihg")'],
  ['qwen:qwen3:high', 'qwen', 'cannot be told how hard to think'],
])('%s is a mistake', (spec, kind, text) => {
  expect(problem(spec, kind)).toContain(text);
});

test('the effort of an entry', () => {
  const configured = (kind: AgentKind, effort: string | null) => configuredEffortProblem({ kind, effort });
  expect(configured('claude', null)).toBeNull();
  expect(configured('claude', 'high')).toBeNull();
  expect(configured('claude', 'none')).toContain('has no effort "none"');
  expect(configured('gemini', 'high')).toContain('cannot be told');
  expect(configured('pi', 'off')).toBeNull();
  expect(configured('codex', 'ultra')).toBeNull();
  expect(configured('opencode', 'thinking')).toBeNull();
  expect(configured('codex', 'hihg')).toContain('did you mean high?');
});
