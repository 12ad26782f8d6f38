import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matches, parsePatterns } from '../core/scope.ts';
import { ALWAYS_PROTECTED, DEFAULT_PROTECTED } from './protected-paths.ts';
import { configJsonSchema, renderConfigSchema } from './schema.ts';
import { scalarKeys } from './schema-keys.ts';
import { variableOf } from './environment-layer.ts';

test('the schema that ships is that of the code', async () => {
  const shipped = await readFile(join(import.meta.dirname, '../../schema/config.schema.json'), 'utf8');
  expect(shipped, 'run: npm run generate').toBe(renderConfigSchema());
});

test('editors learn which keys are needed, and that there are no others', () => {
  const schema = configJsonSchema();
  expect(schema['required']).toEqual(['target', 'defaults', 'gates']);
  expect(schema.additionalProperties).toBe(false);
});

test('no two keys are set by one variable', () => {
  const variables = scalarKeys(configJsonSchema()).map(({ path }) => variableOf(path));
  expect(new Set(variables).size).toBe(variables.length);
  expect(variables).toContain('YARD_LIMITS_DISPATCH_PER_CYCLE');
  expect(variables).not.toContain('YARD_STATE_DIR');
});

const isOf = (patterns: readonly string[], path: string): boolean =>
  parsePatterns(patterns).some((pattern) => matches(pattern, path));

test.each([
  '.yard/config.yaml',
  '.yard/prompts/x.md',
  // A link or a file in the directory's place.
  '.yard',
  'sub/.claude',
  '.mcp.json',
  'a/b/.mcp.json',
  '.claude/settings.json',
  '.claude/hooks/stop.sh',
  'sub/.codex/config.toml',
  '.gemini/extensions/x/gemini-extension.json',
  '.opencode/plugin/x.ts',
  'opencode.jsonc',
  '.qwen/settings.json',
  '.cursor/hooks.json',
  '.github/hooks/x.json',
  '.aider.conf.yml',
])('%s is protected whatever the configuration says', (path) => {
  expect(isOf(ALWAYS_PROTECTED, path)).toBe(true);
});

test.each([
  'CLAUDE.md',
  'packages/a/AGENTS.md',
  '.github/workflows/ci.yml',
  '.gitlab-ci.yml',
  '.circleci/config.yml',
  'Jenkinsfile',
  '.gitmodules',
  'a/.gitattributes',
  '.npmrc',
  '.vscode/tasks.json',
])('%s is protected by default', (path) => {
  expect(isOf(DEFAULT_PROTECTED, path)).toBe(true);
});

test.each(['src/a.ts', 'README.md', 'package.json', 'docs/CLAUDE.md.txt', '.github/ISSUE_TEMPLATE.md', '.gitignore'])(
  '%s is not',
  (path) => {
    expect(isOf([...ALWAYS_PROTECTED, ...DEFAULT_PROTECTED], path)).toBe(false);
  },
);
