import { expect, test } from 'vitest';
import { type ProjectFiles, proposeGate } from './gate-proposal.ts';

function project(files: Record<string, string>): ProjectFiles {
  return { has: (name) => Object.hasOwn(files, name), text: (name) => files[name] ?? null };
}

const manifest = (script: string): string => JSON.stringify({ scripts: { test: script } });

test.each<[string, Record<string, string>, string | null]>([
  ['npm', { 'package.json': manifest('vitest'), 'package-lock.json': '' }, 'npm test'],
  ['npm without a lock file', { 'package.json': manifest('vitest') }, 'npm test'],
  ['pnpm', { 'package.json': manifest('vitest'), 'pnpm-lock.yaml': '' }, 'pnpm test'],
  ['yarn', { 'package.json': manifest('vitest'), 'yarn.lock': '' }, 'yarn test'],
  ['bun', { 'package.json': manifest('vitest'), 'bun.lock': '' }, 'bun run test'],
  ['the script of npm init', { 'package.json': manifest('echo "Error: no test specified" && exit 1') }, null],
  ['a manifest without scripts, in a Rust project', { 'package.json': '{}', 'Cargo.toml': '' }, 'cargo test'],
  ['a broken manifest', { 'package.json': '{' }, null],
  ['a manifest that is no map', { 'package.json': 'null', 'go.mod': '' }, 'go test ./...'],
  ['make test', { Makefile: 'all: x\n\ntest: all\n\tcc\n' }, 'make test'],
  ['make check', { Makefile: 'check:\n\tcc\n' }, 'make check'],
  ['a variable of make', { Makefile: 'test := 1\n' }, null],
  ['make before cargo', { Makefile: 'test:\n', 'Cargo.toml': '' }, 'make test'],
  ['go', { 'go.mod': 'module x' }, 'go test ./...'],
  ['pytest', { 'pyproject.toml': '[tool.pytest.ini_options]\n' }, 'python3 -m pytest'],
  ['python without pytest', { 'pyproject.toml': '[project]\n' }, null],
  ['gradle wrapper', { gradlew: '', 'build.gradle': '' }, './gradlew check'],
  ['maven', { 'pom.xml': '' }, 'mvn --batch-mode verify'],
  ['nothing', {}, null],
])('%s', (_name, files, run) => {
  expect(proposeGate(project(files))?.run ?? null).toBe(run);
});

test('what has to be installed comes with it', () => {
  const files = { 'package.json': manifest('vitest'), 'package-lock.json': '' };
  expect(proposeGate(project(files))).toEqual({
    run: 'npm test',
    because: 'package.json and package-lock.json',
    prewarm: { run: 'npm ci', key: ['package.json', 'package-lock.json'], outputs: ['node_modules'] },
  });
});

test('an installer sees what it reads besides, and the manifests of all workspaces', () => {
  const workspaces = JSON.stringify({ workspaces: ['packages/*'], scripts: { test: 'vitest' } });
  const keyOf = (files: Record<string, string>): unknown => proposeGate(project(files))?.prewarm?.key;
  expect(keyOf({ 'package.json': workspaces, 'package-lock.json': '', '.npmrc': '' })).toEqual([
    '**/package.json',
    'package-lock.json',
    '.npmrc',
  ]);
  const pnpm = { 'package.json': manifest('vitest'), 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': '', patches: '' };
  expect(keyOf(pnpm)).toEqual(['**/package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', 'patches']);
});
