import type { PrewarmEntry } from './schema.ts';

/** The files in the root of a project, as far as they are asked for. */
export interface ProjectFiles {
  has(name: string): boolean;
  /** The text of the file; null when there is none, or when it cannot be read. */
  text(name: string): string | null;
}

export interface GateProposal {
  /** Shell command. */
  readonly run: string;
  /** The file that says so. */
  readonly because: string;
  /** What has to be installed before the command can run in a clean checkout. */
  readonly prewarm: Pick<PrewarmEntry, 'run' | 'key' | 'outputs'> | null;
}

/** How the project tests itself, by the files in its root; null when nothing tells. Looks at them in a fixed order. */
export function proposeGate(files: ProjectFiles): GateProposal | null {
  return proposeForNode(files) ?? proposeForMake(files) ?? proposeByFile(files);
}

const INSTALLS: readonly { readonly lock: string; readonly test: string; readonly install: string }[] = [
  { lock: 'pnpm-lock.yaml', test: 'pnpm test', install: 'pnpm install --frozen-lockfile' },
  { lock: 'yarn.lock', test: 'yarn test', install: 'yarn install --frozen-lockfile' },
  { lock: 'bun.lock', test: 'bun run test', install: 'bun install --frozen-lockfile' },
  { lock: 'bun.lockb', test: 'bun run test', install: 'bun install --frozen-lockfile' },
  { lock: 'package-lock.json', test: 'npm test', install: 'npm ci' },
  { lock: 'npm-shrinkwrap.json', test: 'npm test', install: 'npm ci' },
];

function proposeForNode(files: ProjectFiles): GateProposal | null {
  const script = testScript(files.text('package.json'));
  // What `npm init` writes fails always, and tests nothing.
  if (script === null || script.trim() === '' || script.includes('no test specified')) return null;
  const manager = INSTALLS.find(({ lock }) => files.has(lock));
  if (manager === undefined) return { run: 'npm test', because: 'package.json', prewarm: null };
  const key = [...manifests(files), manager.lock, ...INSTALL_SETTINGS.filter((name) => files.has(name))];
  const prewarm = { run: manager.install, key, outputs: ['node_modules'] };
  return { run: manager.test, because: `package.json and ${manager.lock}`, prewarm };
}

/** What an installer reads besides: it sees the files of its key only. */
const INSTALL_SETTINGS: readonly string[] = [
  '.npmrc',
  'pnpm-workspace.yaml',
  '.pnpmfile.cjs',
  '.yarnrc.yml',
  '.yarnrc',
  '.yarn',
  'bunfig.toml',
  'patches',
];

/** All of them, where there are workspaces. */
function manifests(files: ProjectFiles): string[] {
  const own = parseManifest(files.text('package.json'));
  return files.has('pnpm-workspace.yaml') || field(own, 'workspaces') !== null ? ['**/package.json'] : ['package.json'];
}

function testScript(text: string | null): string | null {
  const scripts = field(parseManifest(text), 'scripts');
  const test = field(scripts, 'test');
  return typeof test === 'string' ? test : null;
}

function parseManifest(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    // Not a manifest that any tool could use: the project is tested otherwise, or not at all.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : null;
}

function proposeForMake(files: ProjectFiles): GateProposal | null {
  for (const name of ['GNUmakefile', 'makefile', 'Makefile']) {
    const target = /^(check|test)[ \t]*:(?!=)/m.exec(files.text(name) ?? '')?.[1];
    if (target !== undefined) return { run: `make ${target}`, because: name, prewarm: null };
  }
  return null;
}

function proposeByFile(files: ProjectFiles): GateProposal | null {
  const pythonFile = ['pytest.ini', 'tox.ini', 'pyproject.toml', 'setup.cfg'].find((name) => saysPytest(files, name));
  const proposals: readonly (readonly [because: string | undefined, run: string])[] = [
    [first(files, 'Cargo.toml'), 'cargo test'],
    [first(files, 'go.mod'), 'go test ./...'],
    [pythonFile, 'python3 -m pytest'],
    [first(files, 'gradlew'), './gradlew check'],
    [first(files, 'build.gradle', 'build.gradle.kts'), 'gradle check'],
    [first(files, 'mvnw'), './mvnw --batch-mode verify'],
    [first(files, 'pom.xml'), 'mvn --batch-mode verify'],
    [first(files, 'mix.exs'), 'mix test'],
    [first(files, 'deno.json', 'deno.jsonc'), 'deno test'],
    [first(files, 'Package.swift'), 'swift test'],
    [first(files, '.rspec'), 'bundle exec rspec'],
    [first(files, 'Rakefile'), 'bundle exec rake test'],
  ];
  for (const [because, run] of proposals) if (because !== undefined) return { run, because, prewarm: null };
  return null;
}

function saysPytest(files: ProjectFiles, name: string): boolean {
  return name === 'pytest.ini' ? files.has(name) : /\bpytest\b/.test(files.text(name) ?? '');
}

function first(files: ProjectFiles, ...names: readonly string[]): string | undefined {
  return names.find((name) => files.has(name));
}
