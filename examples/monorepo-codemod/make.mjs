// Makes the repository of this example: node make.mjs <directory> [number of packages].
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const NAMES = [
  'cart',
  'catalog',
  'checkout',
  'coupons',
  'invoices',
  'orders',
  'payments',
  'refunds',
  'search',
  'stock',
];

const [target, count = String(NAMES.length)] = process.argv.slice(2);
if (target === undefined || !/^[1-9][0-9]{0,2}$/.test(count)) {
  console.error('usage: node make.mjs <directory> [number of packages]');
  process.exit(2);
}
const root = resolve(target);
if (existsSync(root)) {
  console.error(`${root} is there already`);
  process.exit(2);
}

const names = Array.from({ length: Number(count) }, (_, index) => {
  const name = NAMES[index % NAMES.length] ?? '';
  return index < NAMES.length ? name : `${name}-${Math.floor(index / NAMES.length) + 1}`;
});
for (const name of names) {
  write(
    `packages/${name}/package.json`,
    `${JSON.stringify({ name: `@shop/${name}`, private: true, type: 'module' }, null, 2)}\n`,
  );
  write(`packages/${name}/src/journal.mjs`, journal(name));
  write(`packages/${name}/test/journal.test.mjs`, test(name));
}
write(
  'package.json',
  `${JSON.stringify({ name: 'shop', private: true, scripts: { test: 'node --test' } }, null, 2)}\n`,
);
mkdirSync(join(root, 'scripts'));
copyFileSync(join(import.meta.dirname, 'codemod.mjs'), join(root, 'scripts/codemod.mjs'));

const author = ['-c', 'user.name=Shop', '-c', 'user.email=shop@localhost'];
git('init', '--quiet', '--initial-branch=main');
git('add', '--all');
git(...author, 'commit', '--quiet', '--message=Make the shop');
console.log(`made ${root} with ${names.length} packages`);

/** @param {string} name */
function journal(name) {
  return `import { appendFileSync, existsSync, readFileSync } from 'fs';
import { EOL } from 'os';
import { join } from 'path';

/** Appends one entry to the journal of ${name}. */
export function record(directory, entry) {
  appendFileSync(join(directory, '${name}.log'), JSON.stringify(entry) + EOL);
}

/** All entries of the journal of ${name}, oldest first. */
export function entries(directory) {
  const path = join(directory, '${name}.log');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split(EOL).filter(Boolean).map((line) => JSON.parse(line));
}
`;
}

/** @param {string} name */
function test(name) {
  return `import assert from 'assert/strict';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { test } from 'node:test';
import { entries, record } from '../src/journal.mjs';

test('${name} keeps its entries in order', () => {
  const directory = mkdtempSync(join(tmpdir(), '${name}-'));
  try {
    assert.deepEqual(entries(directory), []);
    record(directory, { id: 1 });
    record(directory, { id: 2 });
    assert.deepEqual(entries(directory), [{ id: 1 }, { id: 2 }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
`;
}

/** @param {string} path @param {string} text */
function write(path, text) {
  const absolute = join(root, path);
  mkdirSync(dirname(absolute), { recursive: true });
  writeFileSync(absolute, text);
}

/** @param {string[]} args */
function git(...args) {
  execFileSync('git', args, { cwd: root, stdio: 'inherit' });
}
