import { expect, test } from 'vitest';
import { parseRecipes, stepsFor } from './recipe.ts';

test('steps of every kind, for each attempt', () => {
  const result = parseRecipes({
    'TASK-1': [
      [
        { write: { path: 'a', content: 'x' } },
        { patch: { path: 'a', find: 'x', replace: 'y' } },
        { delete: 'b' },
        { run: 'true' },
        { sleep: '1.5s' },
      ],
      [{ ask: 'Which?' }],
    ],
    'TASK-2': [{ say: 'hello' }, { fail: 'no' }],
    'TASK-3': [],
  });
  if (result.kind === 'bad') throw new Error(result.why);
  const { recipes } = result;
  expect(stepsFor(recipes, 'TASK-1', 1).map(({ kind }) => kind)).toEqual(['write', 'patch', 'delete', 'run', 'sleep']);
  expect(stepsFor(recipes, 'TASK-1', 1)[4]).toEqual({ kind: 'sleep', ms: 1500 });
  expect(stepsFor(recipes, 'TASK-1', 2)).toEqual([{ kind: 'ask', question: 'Which?' }]);
  expect(stepsFor(recipes, 'TASK-1', 9)).toEqual([{ kind: 'ask', question: 'Which?' }]);
  expect(stepsFor(recipes, 'TASK-2', 5)).toHaveLength(2);
  expect(stepsFor(recipes, 'TASK-3', 1)).toEqual([]);
  expect(stepsFor(recipes, 'TASK-4', 1)).toMatchObject([{ kind: 'fail' }]);
});

test.each([
  [[], [], 'is not a map'],
  [{ T: 'x' }, ['T'], 'is not a list'],
  [{ T: [[{ run: 'true', say: 'x' }]] }, ['T', 0, 0], 'a step is a map'],
  [{ T: [{ jump: 'x' }] }, ['T', 0], 'there is no step "jump"'],
  [{ T: [{ write: { path: 'a' } }] }, ['T', 0, 'write', 'content'], 'is not a text'],
  [{ T: [{ sleep: '2 days' }] }, ['T', 0, 'sleep'], 'is not a duration'],
  [{ T: [[{ say: 'x' }], { say: 'y' }] }, ['T', 0], 'is not a map'],
])('a recipe that is broken says where: %j', (data, path, why) => {
  const result = parseRecipes(data);
  expect(result).toMatchObject({ kind: 'bad', path });
  expect(result.kind === 'bad' && result.why).toContain(why);
});
