import type { TaskSpec } from '../../core/task.ts';

type Wanted = Pick<TaskSpec, 'id' | 'title' | 'area' | 'objective' | 'acceptance'> &
  Partial<Pick<TaskSpec, 'owns' | 'after' | 'priority'>>;

/** A task with what it shows; the rest is as if nothing were said. */
export function task(wanted: Wanted): TaskSpec {
  return {
    context: '',
    owns: [],
    forbids: [],
    after: [],
    gate: null,
    agent: null,
    priority: 0,
    supersedes: [],
    testPolicy: null,
    extra: [],
    ...wanted,
  };
}

/** The backlog of the shop: what each task shows stands above it. */
export const SHOP_TASKS: readonly TaskSpec[] = [
  // A chain: each comes after the one before it has landed.
  task({
    id: 'ORD-1',
    title: 'Count money in whole cents',
    area: 'orders',
    objective: 'Sums of floating-point euros drift. Make total() return whole cents.',
    acceptance: ['total() returns an integer number of cents', '0.1 and 0.2 euros are 30 cents'],
    owns: ['packages/orders/src/{money,total}.js', 'packages/orders/test/{money,total}.test.js'],
    priority: 2,
  }),
  task({
    id: 'ORD-2',
    title: 'Take discounts off the total',
    area: 'orders',
    objective: 'Add discounted(order, percent), which rounds to whole cents in favour of the customer.',
    acceptance: ['10 % off 999 cents are 899 cents'],
    owns: ['packages/orders/src/discount.js', 'packages/orders/test/discount.test.js'],
    after: ['ORD-1'],
    priority: 2,
  }),
  task({
    id: 'ORD-3',
    title: 'Print an invoice',
    area: 'orders',
    objective: 'Add invoice(order, percent): a line for each article, then the discounted total in euros.',
    acceptance: ['The last line is the total with two decimals'],
    owns: ['packages/orders/src/invoice.js', 'packages/orders/test/invoice.test.js'],
    after: ['ORD-2'],
    priority: 2,
  }),
  // Overlapping scopes: never at once, although nothing says which comes first.
  task({
    id: 'ORD-4',
    title: 'Refuse an order without lines',
    area: 'orders',
    objective: 'createOrder() must throw a RangeError for an empty list of lines.',
    acceptance: ['createOrder("Ada", []) throws a RangeError'],
    owns: ['packages/orders/src/order.js', 'packages/orders/test/order.test.js'],
  }),
  task({
    id: 'ORD-5',
    title: 'Give each order a number',
    area: 'orders',
    objective: 'createOrder() must number orders from 1.',
    acceptance: ['Two orders have two numbers'],
    owns: ['packages/orders/*/order*.js'],
  }),
  // A red gate, repaired in the second attempt.
  task({
    id: 'SHIP-1',
    title: 'Bill every kilo that is begun',
    area: 'shipping',
    objective: 'A parcel of 1200 g must be billed as 2 kg.',
    acceptance: ['billedKilos(1200) is 2', 'billedKilos(3000) stays 3'],
    owns: ['packages/shipping/src/weight.js', 'packages/shipping/test/weight.test.js'],
  }),
  // A write outside the scope, repaired in the second attempt.
  task({
    id: 'SHIP-2',
    title: 'Offer an express rate',
    area: 'shipping',
    objective: 'rate(kilos, { express: true }) costs 10 euros more.',
    acceptance: ['rate(2) stays 8', 'rate(2, { express: true }) is 18'],
    owns: ['packages/shipping/src/rates.js', 'packages/shipping/test/rates.test.js'],
  }),
  // A question that only a person can answer.
  task({
    id: 'SHIP-3',
    title: 'Print a parcel label',
    area: 'shipping',
    objective: 'Add label(order, carrier): the size of the paper, the customer and the carrier, a line each.',
    acceptance: ['The first line names the size of the paper'],
    owns: ['packages/shipping/src/label.js', 'packages/shipping/test/label.test.js'],
  }),
  // No scope: both may touch everything, and touch the same line.
  task({
    id: 'SHIP-4',
    title: 'Send parcels by cargo bike',
    area: 'shipping',
    objective: 'Offer the carrier "bike".',
    acceptance: ['carriers has "bike"'],
    priority: 1,
  }),
  task({
    id: 'SHIP-5',
    title: 'Send parcels by drone',
    area: 'shipping',
    objective: 'Offer the carrier "drone".',
    acceptance: ['carriers has "drone"'],
    priority: 1,
  }),
  // A protected path: a person must approve exactly this content.
  task({
    id: 'SHIP-6',
    title: 'Run the tests on every push',
    area: 'shipping',
    objective: 'Add a workflow that runs node --test on every push.',
    acceptance: ['.github/workflows/test.yml runs node --test'],
    owns: ['.github/workflows/test.yml'],
  }),
];
