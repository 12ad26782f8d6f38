// Last step of the build: puts the compiled program, and of its dependencies what it uses, into few files in `dist/`.
// Each attempt is a process of its own; looking up and linking the four hundred modules of kysely and zod took it three
// times as long as everything else (docs/performance.md).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';
import type { OutputChunk, OutputOptions } from 'rolldown';

/** Each takes a tenth of what Node takes to start, and most commands that only look need neither. */
const LAZY: ReadonlySet<string> = new Set(['node:child_process', 'node:crypto']);

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const bundle = await rolldown({
  input: join(dist, 'main.js'),
  platform: 'node',
  onLog: (level, log) => {
    // What is not understood would be missed at run time. That a lazy import is none everywhere is understood.
    if (level === 'warn' && log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') throw new Error(log.message);
  },
});

// Without more, there is a file for each set of modules that the same lazy imports share: precise, but some thirty of
// them for one command, and each costs a look-up. What every look at a yard loads becomes one file, what every attempt
// and the train load beyond that another.
const split = await chunks({});
const look = loadedBy(split, [
  'main.js',
  'cli/quick.js',
  'cli/commands/next.js',
  'cli/commands/status.js',
  'cli/commands/tasks.js',
  'cli/commands/why.js',
  'config/pin.js',
  'config/pinned-version.js',
  'config/state-directory.js',
  'config/state-owner.js',
  'store/sqlite-reader.js',
]);
// The program itself stays apart: what it loads while it runs must not wait for its end.
look.delete(join(dist, 'main.js'));
const work = loadedBy(split, [
  'store/sqlite-store.js',
  'attempt/run-attempt.js',
  'train/run-train.js',
  'agents/registry.js',
]);
const merged = await chunks({
  codeSplitting: {
    groups: [
      { name: 'look', test: (id) => look.has(id), priority: 2 },
      { name: 'work', test: (id) => work.has(id), priority: 1 },
    ],
  },
});
await bundle.close();

rmSync(dist, { recursive: true });
mkdirSync(dist);
for (const { fileName, code } of merged) writeFileSync(join(dist, fileName), withoutFacades(code));
const packages = new Set(merged.flatMap(({ moduleIds }) => moduleIds.flatMap(packageOf)));
writeFileSync(join(dist, 'third-party-licenses.txt'), [...packages].toSorted().map(license).join('\n'));

async function chunks(options: OutputOptions): Promise<OutputChunk[]> {
  const { output } = await bundle.generate({ format: 'esm', chunkFileNames: '[name]-[hash].js', ...options });
  return output.map((file) => {
    if (file.type !== 'chunk') throw new Error(`${file.fileName} was not expected`);
    return file;
  });
}

/** The modules that are there once these have been imported: theirs, and those of all chunks that they import. */
function loadedBy(all: readonly OutputChunk[], entries: readonly string[]): Set<string> {
  const wanted = entries.map((entry) => {
    const chunk = all.find(({ moduleIds }) => moduleIds.includes(join(dist, entry)));
    if (chunk === undefined) throw new Error(`${entry} is in no chunk`);
    return chunk;
  });
  // The list grows under the loop.
  for (const chunk of wanted) {
    for (const name of chunk.imports) {
      const imported = all.find(({ fileName }) => fileName === name);
      if (imported !== undefined && !wanted.includes(imported)) wanted.push(imported);
    }
  }
  return new Set(wanted.flatMap(({ moduleIds }) => moduleIds));
}

/**
 * What is imported from Node itself is taken without `import`, which would look at everything that such a module has and
 * so load half of Node: streams and watchers with `node:fs`, web cryptography with `node:crypto`.
 */
function withoutFacades(code: string): string {
  const lines = code.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('import '));
  const head = lines.slice(0, end).map((line) => {
    const [, names = '', name] = /^import (.+) from "(node:[^"]+)";$/.exec(line) ?? [];
    if (name === undefined) return line;
    const [, whole, some] = /^(?:([\w$]+))?(?:, )?(?:\{([^}]*)\})?$/.exec(names) ?? [];
    if (whole === undefined && some === undefined) throw new Error(`not understood: ${line}`);
    const module = `globalThis.process.getBuiltinModule("${name}")`;
    if (whole === undefined && some !== undefined && LAZY.has(name)) return calledLazily(name, some, module);
    const all = whole === undefined ? '' : `const ${whole} = ${module};`;
    return all + (some === undefined ? '' : `const {${some.replaceAll(' as ', ': ')}} = ${module};`);
  });
  return [...head, ...lines.slice(end)].join('\n');
}

/** Functions that load their module when they are called first. */
function calledLazily(name: string, some: string, module: string): string {
  const has = new Map(Object.entries(process.getBuiltinModule(name) ?? {}));
  return some
    .split(',')
    .map((part) => part.trim().split(' as '))
    .map(([original = '', local = original]) => {
      // A class could not be made by such a function.
      if (typeof has.get(original) !== 'function' || !/^[a-z]/.test(original))
        throw new Error(`${original} of ${name}`);
      return `const ${local} = (...values) => ${module}.${original}(...values);`;
    })
    .join('');
}

function packageOf(id: string): string[] {
  const [, inPackages] = relative(root, id).split(`node_modules${sep}`);
  const name = inPackages === undefined ? null : /^(?:@[^/\\]+[/\\])?[^/\\]+/.exec(inPackages);
  return name === null ? [] : [name[0]];
}

function license(name: string): string {
  const directory = join(root, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { readonly version: string };
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version}\n\n${readFileSync(join(directory, file), 'utf8')}\n`;
}
