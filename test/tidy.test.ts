import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { repositoryFiles, root } from './fixtures/repository-files.ts';

// What the linter cannot see. It is the linter (`max-lines-per-function`) that limits the length of functions.

interface File {
  path: string;
  text: string;
}

const files: File[] = [];

beforeAll(async () => {
  for (const path of await repositoryFiles()) files.push({ path, text: await readFile(join(root, path), 'utf8') });
});

const typescript = ({ path }: File) => /^(src|test|scripts|bench)\/.*\.ts$/.test(path);
const tests = ({ path }: File) => path.endsWith('.test.ts');
const source = (file: File) => /^src\/.*\.ts$/.test(file.path) && !tests(file);
const markdown = ({ path }: File) => path.endsWith('.md');
const anything = () => true;

/** Blanks out comments and literals, so that only code is left; lines stay where they are. */
function code(text: string): string {
  const token = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
  return text.replaceAll(token, (literal) => literal.replaceAll(/[^\n]/g, ' '));
}

/** `path:line: the line`, for every match of the pattern in the files. */
function matches(which: (file: File) => boolean, pattern: RegExp, view = (text: string) => text): string[] {
  return files.filter(which).flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return view(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${lines[index]?.trim()}`] : []));
  });
}

test('files have at most 500 lines', () => {
  const long = files.filter(typescript).filter(({ text }) => text.split('\n').length - 1 > 500);
  expect(long.map(({ path }) => path)).toEqual([]);
});

test('no file is named after nothing in particular', () => {
  const vague = files
    .filter(typescript)
    .filter(({ path }) => /^(index|utils?|helpers?|misc|common)\./.test(basename(path)));
  expect(vague.map(({ path }) => path)).toEqual([]);
});

test('no module is mocked', () => {
  expect(matches(typescript, /\bvi\.(do)?mock\(/i, code)).toEqual([]);
});

test('no test sleeps: it waits for the event itself', () => {
  expect(matches(tests, /\bsetTimeout\(|\bscheduler\.wait\b|\b(sleep|delay)\(/, code)).toEqual([]);
  expect(matches(tests, /\bfrom '(node:)?timers\/promises'/)).toEqual([]);
});

test('no test is singled out', () => {
  expect(matches(tests, /\.only\(/, code)).toEqual([]);
});

test('a catch that does not look at its error says why', () => {
  const silent = files.filter(source).flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => {
      const explained = /\/[/*]/.test(`${line}\n${lines[index + 1] ?? ''}`);
      return /\bcatch \{/.test(line) && !explained ? [`${path}:${index + 1}`] : [];
    });
  });
  expect(silent).toEqual([]);
});

test('nothing is left to do in the source', () => {
  expect(matches(source, /\b(TODO|FIXME|XXX)\b/)).toEqual([]);
});

test('only the command line and the composition load another room lazily', () => {
  const elsewhere = (file: File) => source(file) && !/^src\/(cli\/|main\.ts)/.test(file.path);
  // A folder within a room is one step further from the others.
  const isNested = ({ path }: File): boolean => path.split('/').length > 3;
  expect(matches((file) => elsewhere(file) && !isNested(file), /\bimport\(\s*['"`]\.\.\//)).toEqual([]);
  expect(matches((file) => elsewhere(file) && isNested(file), /\bimport\(\s*['"`](?:\.\.\/){2}/)).toEqual([]);
  expect(matches(({ path }) => path.startsWith('src/core/'), /\bimport\(/, code)).toEqual([]);
});

test('nothing names the machine that it was written on', () => {
  expect(matches(anything, /(?<![\w.}])\/work\/|\.\.\/shared\b/)).toEqual([]);
  expect(matches(({ path }) => path === 'package-lock.json', /"resolved":/)).toEqual([]);
});

test('relative links of the documentation resolve', () => {
  const broken = files.filter(markdown).flatMap(({ path, text }) => {
    const prose = text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, '');
    const targets = [...prose.matchAll(/\]\(<?([^)\s>]+)|^\[[^\]]+\]: *<?([^\s>]+)/gm)].map(
      ([, inline, reference]) => inline ?? reference ?? '',
    );
    const local = targets
      .map((target) => target.replace(/[#?].*$/, ''))
      .filter((target) => target !== '' && !/^[a-z][a-z+.-]*:/i.test(target));
    return local
      .filter((target) => !existsSync(join(root, dirname(path), decodeURI(target))))
      .map((target) => `${path}: ${target}`);
  });
  expect(broken).toEqual([]);
});

test('every decision record is listed', () => {
  const index = files.find(({ path }) => path === 'docs/adr/README.md')?.text ?? '';
  const records = files.map(({ path }) => /^docs\/adr\/(?!README\.md$)([^/]+\.md)$/.exec(path)?.[1]);
  expect(records.filter((name) => name !== undefined && !index.includes(`](${name})`))).toEqual([]);
});

test('versions of dependencies are exact', () => {
  const text = files.find(({ path }) => path === 'package.json')?.text ?? '{}';
  const manifest = JSON.parse(text) as { dependencies: object; devDependencies: object };
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version as string))).toEqual([]);
});

test('every change to files is a failpoint: it goes through src/process/file-system.ts', () => {
  const changes =
    /\b(appendFile|chmod|l?chown|copyFile|cp|link|mkdir|mkdtemp|rename|rm|rmdir|symlink|truncate|unlink|utimes|writeFile)(Sync)?\b/;
  const own = /^src\/(process\/(file-system|failpoint)|agents\/replay-steps|cli\/demo\/)/;
  const raw = files
    .filter(source)
    .flatMap(({ path, text }) =>
      own.test(path)
        ? []
        : [...text.matchAll(/^import (.+?) from 'node:fs(?:\/promises)?';$/gmsu)].flatMap(([, names = '']) =>
            changes.test(names) || names.includes('*') ? [`${path}: ${names}`] : [],
          ),
    );
  expect(raw).toEqual([]);
});
