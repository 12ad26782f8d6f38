import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../fixtures/repository-files.ts';

/*
 * Every failpoint that the source can come by, read from the source itself: a campaign that takes its names from what it
 * has hit would never notice what it has not.
 */

export interface SourceFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

const AROUND = ['before', 'after'];
const AROUND_COMMIT = ['before', 'commit', 'after'];

/** The program's own files, without their tests. */
export function readSources(): SourceFile[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => ({ path: `src/${path}`, text: readFileSync(join(root, 'src', path), 'utf8') }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** All names of failpoints, sorted. Throws where a name is made in a way that this file does not know. */
export function failpointNames(sources: readonly SourceFile[]): string[] {
  const made = new Set(
    sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\bfailpoint\(([^)]*)\)/g)].map(([, argument = '']) => `${path} ${argument}`),
    ),
  );
  const names = new Set<string>();
  for (const each of made) {
    const [path = '', argument = ''] = each.split(/ (.*)/s);
    const [, literal] = /^'([^']+)'$/.exec(argument) ?? [];
    if (literal !== undefined) names.add(literal);
    else if (!KNOWN_MAKERS.has(path)) throw new Error(`${path} makes the name of a failpoint: failpoint(${argument})`);
  }
  for (const name of changesOfFiles(sources)) for (const moment of AROUND) names.add(`fs.${name}:${moment}`);
  for (const name of changingCommands(sources)) for (const moment of AROUND) names.add(`git.${name}:${moment}`);
  for (const name of storeWrites(sources)) for (const moment of AROUND_COMMIT) names.add(`store.${name}:${moment}`);
  return [...names].toSorted();
}

/** Those that put names together, and the one that defines what a failpoint is. */
const KNOWN_MAKERS: ReadonlySet<string> = new Set([
  'src/process/file-system.ts',
  'src/git/git.ts',
  'src/store/sqlite-store.ts',
  'src/process/failpoint.ts',
]);

function textOf(sources: readonly SourceFile[], path: string): string {
  const found = sources.find((source) => source.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found.text;
}

function changesOfFiles(sources: readonly SourceFile[]): string[] {
  return [...textOf(sources, 'src/process/file-system.ts').matchAll(/= guarded(?:Async)?\('([a-z-]+)'/g)].map(
    ([, name = '']) => name,
  );
}

/** Interfaces of which every method of their own writes to the store. */
const WRITING = [
  ['src/store/store.ts', 'Store'],
  ['src/store/spending.ts', 'Spending'],
] as const;

/** Methods of the store's interface that write. */
export function storeWrites(sources: readonly SourceFile[]): string[] {
  return WRITING.flatMap(([path, interfaceName]) => {
    const declared = new RegExp(`export interface ${interfaceName} extends [^{]*\\{([\\s\\S]*?)^\\}`, 'm');
    const [, body] = declared.exec(textOf(sources, path)) ?? [];
    if (body === undefined) throw new Error(`${path} has no interface ${interfaceName}`);
    return [...body.matchAll(/^ {2}([a-zA-Z]+)\(/gm)].map(([, name = '']) => name);
  });
}

/** Commands of git that the source uses, without those that `git.ts` lists as only reading. */
function changingCommands(sources: readonly SourceFile[]): string[] {
  const reading = new Set(readingCommands(sources));
  return [...new Set(sources.flatMap(gitCommands))].filter((command) => !reading.has(command)).toSorted();
}

export function readingCommands(sources: readonly SourceFile[]): string[] {
  const [, list = ''] = /const READING[^=]*= new Set\(\[([^\]]*)\]/.exec(textOf(sources, 'src/git/git.ts')) ?? [];
  return [...list.matchAll(/'([a-z-]+)'/g)].map(([, name = '']) => name);
}

/** Throws for a call whose command cannot be read off. */
export function gitCommands({ path, text }: SourceFile): string[] {
  if (path === 'src/git/git.ts' || !/import \{[^}]*\bgit(?:Line)?\b[^}]*\} from '[^']*\/git\.ts'/.test(text)) return [];
  const calls = [...text.matchAll(/(?<![.\w])git(?:Line)?\(\s*(\w+|\[)/g)].map(([, start]) => start);
  const commands = [
    ...text.matchAll(
      /(?:(?<![.\w])git(?:Line)?\(|\bargs =)\s*\[\s*(?:'-c',\s*(?:'[^']*'|`[^`]*`),\s*|\.\.\.[^\n]*,\n\s*)*'([a-z-]+)'/g,
    ),
  ].map(([, command = '']) => command);
  if (commands.length < calls.length) throw new Error(`${path} calls git with a command that cannot be read off`);
  return commands;
}
