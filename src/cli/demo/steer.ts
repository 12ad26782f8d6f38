import type { Json } from '../../core/yard-event.ts';
import type { Scenario } from './scenario.ts';
import { SHOP_FILES } from './shop-files.ts';
import { SHOP_RECIPES } from './shop-recipes.ts';
import { SHOP_TASKS, task } from './shop-tasks.ts';

/** Of the shop's own tasks: two that land, a question, and a protected path. */
const TAKEN = ['ORD-4', 'SHIP-3', 'SHIP-4', 'SHIP-6'];

const SURCHARGE: Json = [
  { say: 'the surcharge belongs to orders: writing it there' },
  { sleep: '200ms' },
  { write: { path: 'packages/orders/src/surcharge.js', content: '/** In euros. */\nexport const EXPRESS = 10;\n' } },
];

const GIFT: Json = [
  { say: 'making every second article free' },
  { sleep: '200ms' },
  { fail: 'it cannot be done: the tests say that two cups of tea cost twice as much as one, and must stay' },
];

/** What the agent does for a task that you add or that you put in the place of another. */
const WHATEVER_COMES: Json = [
  { say: 'a task that nobody has rehearsed: leaving a note' },
  { run: 'mkdir -p packages/orders/notes && echo "$YARD_TASK_ID was here" > "packages/orders/notes/$YARD_TASK_ID.md"' },
];

/** The third demo: it comes to a stand, and the operator takes over. */
export const STEER: Scenario = {
  name: 'steer',
  project: 'shop',
  introduction: [
    'Seven tasks, of which only two land by themselves: then it is your turn. One task',
    'asks, one wants your approval, one needs more room than it was given, one asks for',
    'what cannot be done, and one waits for that one. All you need is in: yard --help',
  ],
  files: SHOP_FILES,
  tasks: [
    ...SHOP_TASKS.filter(({ id }) => TAKEN.includes(id)),
    task({
      id: 'SHIP-2',
      title: 'Charge more for express parcels',
      area: 'shipping',
      objective: 'Express parcels cost 10 euros more. Orders and shipping both need to know the surcharge.',
      acceptance: ['EXPRESS is 10'],
      owns: ['packages/shipping'],
    }),
    task({
      id: 'ORD-6',
      title: 'Every second article is free',
      area: 'orders',
      objective: 'Of two articles of a kind, one is free. Tests must stay as they are.',
      acceptance: ['The tests pass'],
      owns: ['packages/orders'],
      priority: -1,
    }),
    task({
      id: 'ORD-7',
      title: 'Announce the offer',
      area: 'orders',
      objective: 'Write a note about the offer.',
      acceptance: ['There is a note'],
      owns: ['packages/orders/notes'],
      after: ['ORD-6'],
    }),
  ],
  recipes: {
    ...Object.fromEntries(TAKEN.map((id) => [id, SHOP_RECIPES[id] ?? []])),
    'SHIP-2': SURCHARGE,
    'ORD-6': GIFT,
    '*': WHATEVER_COMES,
  },
  answers: {},
  approves: [],
  settles: { 'SHIP-2': 'parked', 'SHIP-3': 'blocked', 'SHIP-6': 'blocked', 'ORD-6': 'parked', 'ORD-7': 'ready' },
  explore: [
    ['yard status', 'what waits, and for what'],
    ['yard why --all', 'every reason, and what to do'],
    ['yard --help', 'all that you can do'],
    ['yard run', 'go on when you have decided'],
  ],
};
