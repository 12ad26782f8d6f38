import { expect, test } from 'vitest';
import { isBranchName } from './ref-name.ts';

test.each([
  'main',
  'agent/integration',
  'a',
  'release-1.2',
  'feature/TASK-1/x_y',
  '2026',
  'head',
  'x/HEAD',
  `a${'b'.repeat(100)}`,
])('%j is a branch name', (name) => {
  expect(isBranchName(name)).toBe(true);
});

test.each([
  '',
  '-rf',
  '--upload-pack=touch x',
  'HEAD',
  'HEAD/x',
  'ORIG_HEAD',
  'FETCH_HEAD',
  '@',
  '@{-1}',
  'main@{1}',
  'refs/heads/main',
  'a.lock',
  'a.lock/b',
  'x\ny',
  'x\0y',
  '$(id)',
  '`id`',
  'a b',
  'a..b',
  'a//b',
  'a/',
  '/a',
  'a.',
  '.a',
  'a/.b',
  'a~1',
  'a^',
  'a:b',
  'a*',
  'a?',
  'a[b]',
  'a\\b',
  'tàrget',
  'main ',
  `a${'b'.repeat(101)}`,
])('case 38: %j is refused', (name) => {
  expect(isBranchName(name)).toBe(false);
});
