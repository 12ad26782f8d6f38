import type { Explored, Scenario } from './scenario.ts';
import { SHOP_FILES } from './shop-files.ts';
import { SHOP_RECIPES } from './shop-recipes.ts';
import { SHOP_TASKS } from './shop-tasks.ts';

const COUNT = `${SHOP_TASKS.length} tasks in two areas of a small shop`;
const LOOK_OUT = [
  '  ORD-1 to 3    a chain, one after the other; ORD-4 and 5 take turns on a file',
  '  SHIP-1, 2     a red gate, a write outside the scope: sent back, then mended',
  '  SHIP-3, 6     a question, a protected path: the demo decides in your place',
  '  SHIP-4, 5     a merge conflict: it goes back to its agent, which resolves it',
];
const LOOK_OUT_OPEN = [
  '  ORD-1 to 3    a chain, one after the other; ORD-4 and 5 take turns on a file',
  '  SHIP-4, 5     both may touch the same line: a merge conflict goes back to its agent',
  '  SHIP-6        a protected path: the demo approves it in your place',
];
const STATUS: Explored = ['yard status', 'all tasks'];
const WHY: Explored = ['yard why SHIP-1', 'where a task stands, and why'];
const ENDING: readonly Explored[] = [
  ['yard diff SHIP-2', 'what a task changed'],
  ['git log --graph --oneline agent/integration', 'how it all came together'],
];

/** The first demo: a backlog with everything in it that goes wrong on an ordinary day. */
export const BACKLOG: Scenario = {
  name: 'backlog',
  project: 'shop',
  introduction: [`${COUNT}, and a scripted agent. Look out for:`, ...LOOK_OUT],
  introduce: ({ spec, isStubbed }) =>
    isStubbed
      ? [`${COUNT}, and ${spec}: the real program, before a scripted model. Look out for:`, ...LOOK_OUT]
      : [`${COUNT}, and ${spec}, which does them as it thinks best. Look out for:`, ...LOOK_OUT_OPEN],
  files: SHOP_FILES,
  tasks: SHOP_TASKS,
  recipes: SHOP_RECIPES,
  answers: { 'SHIP-3': 'A6' },
  approves: ['SHIP-6'],
  explore: [STATUS, WHY, ['yard logs SHIP-1 --attempt 1', 'what it did, and the red gate'], ...ENDING],
  exploreOpen: [STATUS, WHY, ['yard logs SHIP-1', 'what it did'], ['yard cost --by agent', 'what it cost'], ...ENDING],
};
