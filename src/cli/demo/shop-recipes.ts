import type { Json } from '../../core/yard-event.ts';

/*
 * What the replay agent does for each task of the shop. Invariants:
 * 1. The last attempt's steps are right on whatever base and whatever earlier work they find: later attempts repeat
 *    them, and timing decides what has landed before.
 * 2. Each attempt takes long enough to be seen, and the two that are to conflict long enough to begin from one base.
 */

const HEAD = `import assert from 'node:assert/strict';
import { test } from 'node:test';
`;

const write = (path: string, content: string): Json => ({ write: { path, content } });
const patch = (path: string, find: string, replace: string): Json => ({ patch: { path, find, replace } });
const say = (text: string): Json => ({ say: text });
const think: Json = { sleep: '400ms' };

/** A test file of its own for one carrier, so that nothing but the list itself conflicts. */
function carrierTest(name: string): Json {
  return write(
    `packages/shipping/test/${name}.test.js`,
    `${HEAD}
import { carriers } from '../src/carriers.js';

test('parcels go by ${name}', () => {
  assert.ok(carriers.includes('${name}'));
});
`,
  );
}

const CARRIERS = 'packages/shipping/src/carriers.js';

function addCarrier(name: string): Json {
  return [
    [
      say(`adding ${name} to the carriers`),
      { sleep: '800ms' },
      patch(CARRIERS, `'];`, `', '${name}'];`),
      carrierTest(name),
      { sleep: '200ms' },
    ],
    [
      say('both sides add a carrier: keeping both'),
      think,
      write(
        CARRIERS,
        `/** Who brings parcels, in the order in which they are offered. */
export const carriers = ['post', 'courier', 'bike', 'drone'];
`,
      ),
      carrierTest(name),
    ],
  ];
}

const WEIGHT_TEST = write(
  'packages/shipping/test/weight.test.js',
  `${HEAD}
import { billedKilos } from '../src/weight.js';

test('whole kilos are billed as they are', () => {
  assert.equal(billedKilos(3000), 3);
});

test('a kilo that is begun is billed', () => {
  assert.equal(billedKilos(1200), 2);
});
`,
);

const billedKilos = (rounding: string): Json =>
  write(
    'packages/shipping/src/weight.js',
    `/** Kilograms that are billed for a parcel. */
export function billedKilos(grams) {
  return Math.${rounding}(grams / 1000);
}
`,
  );

const RATES_TEST = write(
  'packages/shipping/test/rates.test.js',
  `${HEAD}
import { rate } from '../src/rates.js';

test('the rate grows with the weight', () => {
  assert.equal(rate(2), 8);
});

test('express costs more', () => {
  assert.equal(rate(2, { express: true }), 18);
});
`,
);

const NUMBER_TEST = write(
  'packages/orders/test/order-number.test.js',
  `${HEAD}
import { createOrder } from '../src/order.js';

test('each order has a number of its own', () => {
  const lines = [{ article: 'tea', price: 4.5, quantity: 2 }];
  assert.notEqual(createOrder('Ada', lines).number, createOrder('Bob', lines).number);
});
`,
);

/** Outside the scope of SHIP-2. */
const SURCHARGE = 'packages/orders/src/surcharge.js';

export const SHOP_RECIPES: Readonly<Record<string, Json>> = {
  'ORD-1': [
    say('reading packages/orders/src/total.js'),
    think,
    write(
      'packages/orders/src/money.js',
      `/** Euros as whole cents. */
export function toCents(euros) {
  return Math.round(euros * 100);
}

/** Cents as a person reads them. */
export function formatCents(cents) {
  return \`\${(cents / 100).toFixed(2)} EUR\`;
}
`,
    ),
    write(
      'packages/orders/src/total.js',
      `import { toCents } from './money.js';

/** What an order costs, in whole cents. */
export function total(order) {
  return order.lines.reduce((sum, { price, quantity }) => sum + toCents(price) * quantity, 0);
}
`,
    ),
    write(
      'packages/orders/test/total.test.js',
      `${HEAD}
import { total } from '../src/total.js';

test('the total counts every piece', () => {
  const lines = [
    { article: 'tea', price: 4.5, quantity: 2 },
    { article: 'cup', price: 3, quantity: 1 },
  ];
  assert.equal(total({ customer: 'Ada', lines }), 1200);
});

test('the total does not drift', () => {
  const lines = [
    { article: 'a', price: 0.1, quantity: 1 },
    { article: 'b', price: 0.2, quantity: 1 },
  ];
  assert.equal(total({ customer: 'Ada', lines }), 30);
});
`,
    ),
    say('cents everywhere in orders'),
  ],
  'ORD-2': [
    say('writing discounted()'),
    think,
    write(
      'packages/orders/src/discount.js',
      `import { total } from './total.js';

/** What an order costs with so many percent off, in whole cents. */
export function discounted(order, percent) {
  return Math.floor((total(order) * (100 - percent)) / 100);
}
`,
    ),
    write(
      'packages/orders/test/discount.test.js',
      `${HEAD}
import { discounted } from '../src/discount.js';

test('a discount is rounded in favour of the customer', () => {
  const order = { customer: 'Ada', lines: [{ article: 'tea', price: 9.99, quantity: 1 }] };
  assert.equal(discounted(order, 10), 899);
});
`,
    ),
  ],
  'ORD-3': [
    say('writing invoice()'),
    think,
    write(
      'packages/orders/src/invoice.js',
      `import { discounted } from './discount.js';
import { formatCents } from './money.js';

/** The invoice of an order as text. */
export function invoice(order, percent = 0) {
  const lines = order.lines.map(({ article, quantity }) => \`\${quantity} x \${article}\`);
  return [...lines, formatCents(discounted(order, percent))].join('\\n');
}
`,
    ),
    write(
      'packages/orders/test/invoice.test.js',
      `${HEAD}
import { invoice } from '../src/invoice.js';

test('an invoice ends with the total', () => {
  const order = { customer: 'Ada', lines: [{ article: 'tea', price: 4.5, quantity: 2 }] };
  assert.equal(invoice(order), '2 x tea\\n9.00 EUR');
});
`,
    ),
  ],
  'ORD-4': [
    say('reading packages/orders/src/order.js'),
    think,
    patch(
      'packages/orders/src/order.js',
      '  return { ',
      `  if (lines.length === 0) throw new RangeError('an order needs at least one line');
  return { `,
    ),
    patch(
      'packages/orders/test/order.test.js',
      `test('an order keeps`,
      `test('an order has lines', () => {
  assert.throws(() => createOrder('Ada', []), RangeError);
});

test('an order keeps`,
    ),
    say('an empty order is refused'),
  ],
  'ORD-5': [
    [
      say('reading packages/orders/src/order.js'),
      think,
      patch('packages/orders/src/order.js', '{ customer, lines:', '{ number: (last += 1), customer, lines:'),
      patch('packages/orders/src/order.js', '/** An order', 'let last = 0;\n\n/** An order'),
      NUMBER_TEST,
      say('orders are numbered'),
    ],
    [
      say('writing packages/orders/src/order.js anew'),
      think,
      write(
        'packages/orders/src/order.js',
        `let last = 0;

/** An order: who wants what. */
export function createOrder(customer, lines) {
  if (lines.length === 0) throw new RangeError('an order needs at least one line');
  return { number: (last += 1), customer, lines: [...lines] };
}
`,
      ),
      NUMBER_TEST,
    ],
  ],
  'SHIP-1': [
    [say('rounding the weight'), think, billedKilos('round'), WEIGHT_TEST],
    [say('the gate says: 1200 g must be 2 kg; rounding up'), think, billedKilos('ceil'), WEIGHT_TEST],
  ],
  'SHIP-2': [
    [
      say('sharing the surcharge with orders'),
      think,
      write(SURCHARGE, 'export const EXPRESS = 10;\n'),
      write(
        'packages/shipping/src/rates.js',
        `import { EXPRESS } from '../../orders/src/surcharge.js';

const PER_KILO = 4;

/** What it costs to send so many billed kilos, in euros. */
export function rate(kilos, { express = false } = {}) {
  return PER_KILO * kilos + (express ? EXPRESS : 0);
}
`,
      ),
      RATES_TEST,
    ],
    [
      say('orders is not mine to change: keeping the surcharge in shipping'),
      think,
      { delete: SURCHARGE },
      write(
        'packages/shipping/src/rates.js',
        `const PER_KILO = 4;
const EXPRESS = 10;

/** What it costs to send so many billed kilos, in euros. */
export function rate(kilos, { express = false } = {}) {
  return PER_KILO * kilos + (express ? EXPRESS : 0);
}
`,
      ),
      RATES_TEST,
    ],
  ],
  'SHIP-3': [
    [
      say('looking for the size of our labels'),
      think,
      { ask: 'Which paper do the label printers take: A6 or 4 x 6 inch?' },
    ],
    [
      say('A6 it is'),
      think,
      write(
        'packages/shipping/src/label.js',
        `const PAPER = 'A6';

/** The label of a parcel as text. */
export function label(order, carrier) {
  return [PAPER, order.customer, carrier].join('\\n');
}
`,
      ),
      write(
        'packages/shipping/test/label.test.js',
        `${HEAD}
import { label } from '../src/label.js';

test('a label starts with the size of the paper', () => {
  assert.equal(label({ customer: 'Ada', lines: [] }, 'post'), 'A6\\nAda\\npost');
});
`,
      ),
    ],
  ],
  'SHIP-4': addCarrier('bike'),
  'SHIP-5': addCarrier('drone'),
  'SHIP-6': [
    say('writing the workflow'),
    think,
    write(
      '.github/workflows/test.yml',
      `name: test
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: node --test
`,
    ),
  ],
};
