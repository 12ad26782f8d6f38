/** The project of the backlog demo: a small shop in two packages, with a test suite and no dependencies. */
export const SHOP_FILES: Readonly<Record<string, string>> = {
  'README.md': `# Shop

Orders and parcels of a small shop. \`node --test\` runs the tests.
`,
  'package.json': `{
  "name": "shop",
  "private": true,
  "type": "module",
  "scripts": { "test": "node --test" }
}
`,
  '.gitignore': 'node_modules/\n',

  'packages/orders/src/order.js': `/** An order: who wants what. */
export function createOrder(customer, lines) {
  return { customer, lines: [...lines] };
}
`,
  'packages/orders/test/order.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createOrder } from '../src/order.js';

test('an order keeps its own list of lines', () => {
  const lines = [{ article: 'tea', price: 4.5, quantity: 2 }];
  const order = createOrder('Ada', lines);
  lines.pop();
  assert.equal(order.lines.length, 1);
});
`,
  'packages/orders/src/total.js': `/** What an order costs, in euros. */
export function total(order) {
  return order.lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
}
`,
  'packages/orders/test/total.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { total } from '../src/total.js';

test('the total counts every piece', () => {
  const lines = [
    { article: 'tea', price: 4.5, quantity: 2 },
    { article: 'cup', price: 3, quantity: 1 },
  ];
  assert.equal(total({ customer: 'Ada', lines }), 12);
});
`,

  'packages/shipping/src/carriers.js': `/** Who brings parcels, in the order in which they are offered. */
export const carriers = ['post', 'courier'];
`,
  'packages/shipping/test/carriers.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { carriers } from '../src/carriers.js';

test('the post is offered first', () => {
  assert.equal(carriers[0], 'post');
});
`,
  'packages/shipping/src/weight.js': `/** Kilograms that are billed for a parcel. */
export function billedKilos(grams) {
  return grams / 1000;
}
`,
  'packages/shipping/test/weight.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { billedKilos } from '../src/weight.js';

test('whole kilos are billed as they are', () => {
  assert.equal(billedKilos(3000), 3);
});
`,
  'packages/shipping/src/rates.js': `const PER_KILO = 4;

/** What it costs to send so many billed kilos, in euros. */
export function rate(kilos) {
  return PER_KILO * kilos;
}
`,
  'packages/shipping/test/rates.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rate } from '../src/rates.js';

test('the rate grows with the weight', () => {
  assert.equal(rate(2), 8);
});
`,
};
