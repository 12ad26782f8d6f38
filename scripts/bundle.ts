// Last step of the build: puts the compiled program, and of its dependencies what it uses, into few files in `dist/`.
// Each attempt is a process of its own; looking up and linking the four hundred modules of kysely and zod took it three
// times as long as everything else (docs/performance.md).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

const bundle = await rolldown({
  input: join(dist, 'main.js'),
  platform: 'node',
  onLog: (level, log) => {
    // What is not understood would be missed at run time.
    if (level !== 'debug') throw new Error(log.message);
  },
});
// Split where the program loads lazily, so that a command still reads only what it needs.
const { output } = await bundle.generate({ format: 'esm', chunkFileNames: '[name]-[hash].js' });
await bundle.close();

rmSync(dist, { recursive: true });
mkdirSync(dist);
const packages = new Set<string>();
for (const file of output) {
  if (file.type !== 'chunk') throw new Error(`${file.fileName} was not expected`);
  writeFileSync(join(dist, file.fileName), file.code);
  for (const id of file.moduleIds) {
    const [, inPackages] = relative(root, id).split(`node_modules${sep}`);
    if (inPackages !== undefined) packages.add(/^(?:@[^/\\]+[/\\])?[^/\\]+/.exec(inPackages)?.[0] ?? inPackages);
  }
}
writeFileSync(join(dist, 'third-party-licenses.txt'), [...packages].toSorted().map(license).join('\n'));

function license(name: string): string {
  const directory = join(root, 'node_modules', name);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { readonly version: string };
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version}\n\n${readFileSync(join(directory, file), 'utf8')}\n`;
}
