import { spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from './fixtures/temporary-directory.ts';

const root = join(import.meta.dirname, '..');
const base = ['core', 'process', 'config', 'store', 'git', 'sandbox'];
const middle = ['agents', 'gates', 'trackers', 'forges'];
const upper = ['attempt', 'train', 'planning'];

/** The rooms of src and what each may import: the tree of AGENTS.md, edge by edge. */
const layers: Record<string, string[]> = {
  core: [],
  process: ['core'],
  config: ['core', 'process'],
  store: ['core', 'process'],
  git: ['core', 'process'],
  sandbox: ['core', 'process'],
  agents: ['core', 'process', 'config', 'git', 'sandbox'],
  gates: base,
  trackers: base,
  forges: base,
  attempt: [...base, ...middle],
  train: [...base, ...middle],
  planning: [...base, ...middle],
  reconcile: [...base, ...middle, ...upper],
  console: [...base, ...middle, ...upper, 'reconcile'],
  mcp: [...base, ...middle, ...upper, 'reconcile'],
  cli: [...base, ...middle, ...upper, 'reconcile', 'console', 'mcp'],
};
const rooms = Object.keys(layers);

/** Violations, each in a file of its own, with the rule that must report it. */
const planted: Record<string, { rule: string; text: string }> = {
  'src/core/io.ts': { rule: 'no-restricted-imports', text: `export { readFile } from 'node:fs/promises';` },
  'src/core/bare.ts': {
    rule: 'no-restricted-imports',
    text: `import { z } from 'zod';\nexport const schema = z.string();`,
  },
  'src/core/clock.ts': { rule: 'no-restricted-globals', text: 'export const now = () => Date.now();' },
  'src/core/date.ts': { rule: 'no-restricted-globals', text: 'export const now = () => new Date();' },
  'src/core/hidden-clock.ts': {
    rule: 'no-restricted-globals',
    text: 'export const now = () => globalThis.Date.now();',
  },
  'src/core/timer.ts': { rule: 'no-restricted-globals', text: 'export const id = setTimeout(String, 1);' },
  'src/core/random.ts': { rule: 'no-restricted-properties', text: 'export const dice = () => Math.random();' },
  'src/core/deep/io.ts': { rule: 'no-restricted-imports', text: `export { x } from '../../cli/exports.ts';` },
  'src/git/spawn.ts': { rule: 'no-restricted-imports', text: `export { spawn } from 'node:child_process';` },
  'src/cli/spawn.ts': { rule: 'no-restricted-imports', text: `export { spawn } from 'child_process';` },
  'src/main.ts': { rule: 'no-restricted-imports', text: `export { spawn } from 'node:child_process';` },
  'src/cli/composition.ts': { rule: 'no-restricted-imports', text: `export { spawn } from '../main.ts';` },
  'src/cli/fixture.ts': { rule: 'no-restricted-imports', text: `export * from '../../test/fixtures/files.ts';` },
  'src/git/talk.ts': { rule: 'no-console', text: `console.log('hello');` },
  'src/git/long.ts': { rule: 'max-lines', text: '\n'.repeat(501) + 'export const x = 1;' },
  'src/git/long-function.ts': {
    rule: 'max-lines-per-function',
    text: `export function long(values: number[]) {\n${'values.push(1);\n'.repeat(70)}}`,
  },
  'src/git/default.ts': { rule: 'no-default-export', text: 'export default 1;' },
  'src/git/anything.ts': { rule: 'no-explicit-any', text: 'export const x = (value: any) => String(value);' },
  'src/git/notKebab.ts': { rule: 'filename-case', text: 'export const x = 1;' },
  'src/git/floating.ts': {
    rule: 'no-floating-promises',
    text: `export function f() { Promise.reject(new Error('lost')); }`,
  },
  'src/git/misused.ts': {
    rule: 'no-misused-promises',
    text: `export const f = (list: string[]) => list.forEach(async () => { await Promise.resolve(); });`,
  },
  'src/git/await.ts': { rule: 'await-thenable', text: 'export const f = async () => { await 1; };' },
  'src/git/switch.ts': {
    rule: 'switch-exhaustiveness-check',
    text: `export function f(x: 'a' | 'b') { switch (x) { case 'a': return 1; } return 2; }`,
  },
  'src/git/catch.ts': { rule: 'no-empty', text: `export function f() { try { JSON.parse(''); } catch {} }` },
};

const clean: Record<string, string> = {
  'src/core/clean.ts': `import { x } from './exports.ts';\nexport const twice = (nowMs: number) => x + 2 * nowMs;`,
  'src/core/deep/clean.ts': `import { x } from '../exports.ts';\nexport const y = x;`,
  'src/core/clean.test.ts': `import { readFile } from 'node:fs/promises';\nimport { test } from 'vitest';\ntest('x', () => readFile('x'));`,
  'src/process/clean.ts': `export { spawn } from 'node:child_process';`,
  'src/cli/clean.ts': `console.log('hello');`,
  'test/fixtures/files.ts': 'export const file = 1;',
};

/** Every possible edge between two rooms, as a file that has only this import. */
const edges = rooms.flatMap((from) => rooms.filter((to) => to !== from).map((to) => ({ from, to })));
const edgeFile = ({ from, to }: { from: string; to: string }) => `src/${from}/edge-${to}.ts`;

/** File → the rules that it breaks. */
const reported = new Map<string, string[]>();

beforeAll(async () => {
  await using directory = await temporaryDirectory('lint');
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    await cp(join(root, name), join(directory.path, name));
  await symlink(join(root, 'node_modules'), join(directory.path, 'node_modules'));
  const files = {
    ...clean,
    ...Object.fromEntries(rooms.map((room) => [`src/${room}/exports.ts`, 'export const x: number = 1;'])),
    ...Object.fromEntries(edges.map((edge) => [edgeFile(edge), `export { x } from '../${edge.to}/exports.ts';`])),
    ...Object.fromEntries(Object.entries(planted).map(([name, { text }]) => [name, text])),
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory.path, name)), { recursive: true });
    await writeFile(join(directory.path, name), `${text}\n`);
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format', 'json', 'src', 'test'], {
    cwd: directory.path,
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] };
  for (const { filename, code } of diagnostics) {
    const rule = /\((.+)\)$/.exec(code)?.[1] ?? code;
    reported.set(filename, [...(reported.get(filename) ?? []), rule]);
  }
});

describe('a violation is reported', () => {
  test.each(Object.entries(planted))('%s', (name, { rule }) => {
    expect(reported.get(name)).toContain(rule);
  });
});

test.each(Object.keys(clean))('nothing is reported in %s', (name) => {
  expect(reported.get(name)).toBeUndefined();
});

test.each(rooms)('%s imports the rooms below it and no other', (room) => {
  const own = edges.filter(({ from }) => from === room);
  const allowed = own.filter((edge) => !reported.get(edgeFile(edge))?.includes('no-restricted-imports'));
  expect(allowed.map(({ to }) => to).toSorted()).toEqual(layers[room]?.toSorted());
});

test('every folder of src is a room with a rule, and no folder inside a room bears the name of one', async () => {
  const config = await readFile(join(root, '.oxlintrc.json'), 'utf8');
  const folders = (await readdir(join(root, 'src'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'src/').length));
  for (const folder of folders) {
    const [room = '', ...inner] = folder.split('/');
    expect(rooms).toContain(room);
    expect(config).toContain(`"src/${room}/**"`);
    // The rule reads `../git/x.ts` as the room, from however deep it is imported.
    expect(rooms).not.toContain(inner.at(-1));
  }
});
