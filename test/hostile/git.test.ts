import { describe, test } from 'vitest';
import {
  CONFIG_PLANTS,
  DIFF_PLANTS,
  FILTER_PLANTS,
  HONEST_PLANTS,
  HOOK_PLANTS,
  REMOTE_PLANTS,
} from '../fixtures/hostile/git-plants.ts';
import { NESTED_PLANTS, REF_PLANTS } from '../fixtures/hostile/repository-plants.ts';
import { isTriedWhole, plantsFor, SharedLife } from '../fixtures/hostile/shared-life.ts';

// Git as a weapon: what is planted for git never runs on the host, over a whole life of its task.

const PLANTS = [
  ...HONEST_PLANTS,
  ...HOOK_PLANTS,
  ...CONFIG_PLANTS,
  ...FILTER_PLANTS,
  ...DIFF_PLANTS,
  ...REMOTE_PLANTS,
  ...NESTED_PLANTS,
  ...REF_PLANTS,
];

describe.each(['none', 'bubblewrap'] as const)('sandbox %s', (sandbox) => {
  const life = new SharedLife(plantsFor(sandbox, PLANTS), sandbox);

  test('case 42: hooks', (context) => life.judge(context, HOOK_PLANTS));
  test('case 43: configuration, and git directories in the place of .git', (context) =>
    life.judge(context, CONFIG_PLANTS));
  test('case 44: filters and merge drivers', (context) => life.judge(context, FILTER_PLANTS));
  test('case 46: drivers of differences', (context) => life.judge(context, DIFF_PLANTS));
  test('case 48: remotes and transports', (context) => life.judge(context, REMOTE_PLANTS));
  test('case 49: nested repositories and submodules', (context) => life.judge(context, NESTED_PLANTS));
  test('case 50: refs and objects', (context) => life.judge(context, REF_PLANTS));
  if (isTriedWhole(sandbox)) {
    test('honest tasks among them land', (context) => life.judge(context, HONEST_PLANTS));
  }
  test('nothing ran, nothing outside was changed, every landed tree was proven', (context) => life.judgeWhole(context));
});
