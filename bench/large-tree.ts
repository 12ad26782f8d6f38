import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { git } from './project.ts';

const FILES = 28_000;
const FILES_IN_DIRECTORY = 10;
/** Names of the levels below a package, by turns: most files lie four to seven levels deep. */
const LEVELS = ['src', 'components', 'internal', 'shared', 'views'];

/** Always the same numbers: what is measured today has the shape of what was measured before. */
function* numbers(): Generator<number, never> {
  let state = 42;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state;
  }
}

/** Paths of a large monorepo: packages, nested directories of ten files, an ignore file in every tenth package. */
function makePaths(): string[] {
  const random = numbers();
  const paths: string[] = ['.gitignore'];
  for (let directory = 0; paths.length < FILES; directory += 1) {
    const name = `packages/package-${directory % 140}`;
    if (directory < 140 && directory % 10 === 0) paths.push(`${name}/.gitignore`);
    const depth = 1 + (random.next().value % LEVELS.length);
    const below = LEVELS.slice(0, depth).map((level, at) => (at === depth - 1 ? `${level}-${directory}` : level));
    for (let file = 0; file < FILES_IN_DIRECTORY && paths.length < FILES; file += 1) {
      paths.push(`${name}/${below.join('/')}/file-${file}.ts`);
    }
  }
  return paths;
}

/** Makes the repository, with one commit on `main`; returns its paths. */
export function makeLargeTree(repository: string): string[] {
  const paths = makePaths();
  const random = numbers();
  const made = new Set<string>();
  for (const path of paths) {
    const absolute = join(repository, path);
    const parent = dirname(absolute);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    const lines = 5 + (random.next().value % 90);
    const text = path.endsWith('.gitignore') ? 'node_modules/\ndist/\n*.log\n' : `// ${path}\n${LINE.repeat(lines)}`;
    writeFileSync(absolute, text);
    if (random.next().value % 200 === 0) chmodSync(absolute, 0o755);
  }
  git(repository, 'init', '--quiet', '--initial-branch=main');
  git(repository, 'add', '--all');
  commit(repository, 'first');
  return paths;
}

const LINE = 'export const value = "a line as long as lines of source text tend to be";\n';

/** Commits another content of every `step`th file; returns the commit. */
export function changeTree(repository: string, paths: readonly string[], step: number): string {
  for (const path of every(paths, step)) writeFileSync(join(repository, path), `// changed\n${LINE}`);
  git(repository, 'add', '--all');
  commit(repository, 'second');
  return git(repository, 'rev-parse', 'HEAD');
}

export function every(paths: readonly string[], step: number): string[] {
  return paths.filter((path, index) => index % step === step - 1 && path.endsWith('.ts'));
}

function commit(repository: string, message: string): void {
  git(repository, '-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '-m', message);
}
