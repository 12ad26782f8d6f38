import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { commandTree } from '../scripts/command-tree.ts';
import type { JsonSchema } from '../src/config/schema.ts';
import { commandsIn, commandsInHelp, readPages } from './fixtures/documented-commands.ts';
import { root } from './fixtures/repository-files.ts';

/** A command as `--help` describes it. */
interface Help {
  /** `--json`, `-f`, …: true when a value follows. */
  readonly options: ReadonlyMap<string, boolean>;
  readonly argumentsMax: number;
}

let documents: ReadonlyMap<string, string> = new Map();
const commands = new Map<string, Help>();

beforeAll(async () => {
  documents = await readPages();
  for (const command of commandTree().commands) {
    commands.set(command.name(), readHelp(command));
    if (command.alias() !== undefined) commands.set(command.alias(), readHelp(command));
  }
});

function readHelp(command: Command): Help {
  const options = new Map<string, boolean>();
  for (const { long, short, flags } of command.options) {
    for (const flag of [long, short]) if (flag !== undefined) options.set(flag, flags.includes('<'));
  }
  const isVariadic = command.registeredArguments.some(({ variadic }) => variadic);
  return { options, argumentsMax: isVariadic ? Infinity : command.registeredArguments.length };
}

function problemOf(words: readonly string[]): string | null {
  const [, name = '', ...rest] = words;
  const command = commands.get(name);
  if (command === undefined) return `there is no command ${name}`;
  let positional = 0;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? '';
    if (!word.startsWith('-')) {
      positional += 1;
      continue;
    }
    const takesValue = command.options.get(word);
    if (takesValue === undefined) return `${name} has no option ${word}`;
    if (takesValue) index += 1;
    if (index >= rest.length) return `${word} lacks its value`;
  }
  return positional > command.argumentsMax ? `${name} takes no more than ${command.argumentsMax} arguments` : null;
}

describe('commands in README and docs', () => {
  test('those in shell blocks are commands that there are', () => {
    const found = commandsIn(documents);
    expect(found.length).toBeGreaterThan(5);
    const wrong = found.map(({ place, words }) => [place, problemOf(words)] as const);
    expect(wrong.filter(([, problem]) => problem !== null)).toEqual([]);
  });

  test('so are the examples under the help of each command', () => {
    const wrong = commandsInHelp().map(({ place, words }) => [place, problemOf(words)] as const);
    expect(wrong.filter(([, problem]) => problem !== null)).toEqual([]);
  });

  test('the test itself sees what is wrong', () => {
    expect(problemOf(['yard', 'launch'])).toBe('there is no command launch');
    expect(problemOf(['yard', 'run', '--fast'])).toBe('run has no option --fast');
    expect(problemOf(['yard', 'run', '--max-hours'])).toBe('--max-hours lacks its value');
    expect(problemOf(['yard', 'why', 'A-1', 'A-2'])).toBe('why takes no more than 1 arguments');
    expect(problemOf(['yard', 'logs', 'A-1', '-f', '--attempt', '2'])).toBeNull();
  });

  test('docs/cli.md has each command and each option, and no other', () => {
    const text = documents.get('docs/cli.md') ?? '';
    const documented = new Set([...text.matchAll(/`yard ([a-z]+)\b/g)].map(([, name = '']) => name));
    expect([...documented].toSorted()).toEqual([...commands.keys()].toSorted());
    const known = new Set([...commands.values()].flatMap(({ options }) => [...options.keys()]));
    const named = new Set([...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag));
    expect([...named].filter((flag) => flag !== '--help' && !known.has(flag))).toEqual([]);
    const missing = [...commands].flatMap(([name, { options }]) => {
      const section =
        text.split(/^### /m).find((part) => part.startsWith(`\`yard ${name}`)) ?? text.split('## Steer')[1] ?? '';
      return [...options.keys()]
        .filter((flag) => flag !== '--help' && flag !== '-h' && !section.includes(flag))
        .map((flag) => `${name} ${flag}`);
    });
    expect(missing).toEqual([]);
  });

  test('docs/cli.md has every reason why a task waits', async () => {
    const source = await readFile(join(root, 'src/core/waiting.ts'), 'utf8');
    const reasons = [...source.matchAll(/\breadonly reason: '([^']+)'/g)].map(([, reason]) => reason ?? '');
    expect(reasons).toContain('dependency');
    expect(reasons.filter((reason) => documents.get('docs/cli.md')?.includes(`\`${reason}\``) !== true)).toEqual([]);
  });
});

describe('links between the pages', () => {
  /** As a heading is linked to. */
  function anchorOf(heading: string): string {
    return heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
  }

  function brokenLinks(pages: ReadonlyMap<string, string>): string[] {
    return [...pages].flatMap(([path, text]) =>
      [...text.matchAll(/\]\(([\w./-]*\.md)?(?:#([^)\s]+))?\)/g)].flatMap(([link, file, anchor]) => {
        const target = join(dirname(path), file ?? '');
        const page = file === undefined ? text : pages.get(target);
        if (page === undefined) return existsSync(join(root, target)) ? [] : [`${path}: ${link}`];
        const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
        return anchor === undefined || anchors.includes(anchor) ? [] : [`${path}: ${link}`];
      }),
    );
  }

  test('each leads to a page and a heading that there are', () => {
    expect(brokenLinks(documents)).toEqual([]);
    expect(brokenLinks(new Map([['docs/a.md', '# One `two`\n[x](#one-two) [y](#no) [z](b.md)']]))).toEqual([
      'docs/a.md: ](#no)',
      'docs/a.md: ](b.md)',
    ]);
  });
});

describe('docs/configuration.md', () => {
  interface Key {
    readonly path: string;
    readonly default: unknown;
  }

  /** Every key that holds a value, as the page writes it: `gates.<name>.run`, `provision[].source`. */
  function keysOf(schema: JsonSchema, path: string): Key[] {
    const { properties, additionalProperties, items, oneOf } = schema;
    const found: Key[] = [];
    for (const [key, child] of Object.entries(properties ?? {}))
      found.push(...keysOf(child, path === '' ? key : `${path}.${key}`));
    for (const child of oneOf ?? []) found.push(...keysOf(child, path));
    if (typeof additionalProperties === 'object') found.push(...keysOf(additionalProperties, `${path}.<name>`));
    if (items?.properties !== undefined) found.push(...keysOf(items, `${path}[]`));
    return found.length > 0 ? found : [{ path, default: schema['default'] }];
  }

  async function readKeys(): Promise<Map<string, Key>> {
    const schema = JSON.parse(await readFile(join(root, 'schema/config.schema.json'), 'utf8')) as JsonSchema;
    return new Map(keysOf(schema, '').map((key) => [key.path, key]));
  }

  function readRows(): Map<string, string> {
    const text = documents.get('docs/configuration.md') ?? '';
    return new Map(
      [...text.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map(([, key = '', value = '']) => [key, value.trim()]),
    );
  }

  test('has every key of the schema, and no other', async () => {
    expect([...readRows().keys()].toSorted()).toEqual([...(await readKeys()).keys()].toSorted());
  });

  test('has their defaults', async () => {
    const keys = await readKeys();
    const wrong = [...readRows()].flatMap(([path, shown]) => {
      const value = keys.get(path)?.default;
      const isShort = value !== undefined && !(Array.isArray(value) && value.length > 0);
      const expected = isShort ? `\`${typeof value === 'string' ? value : JSON.stringify(value)}\`` : null;
      return expected === null || shown === expected ? [] : [`${path}: ${shown} is ${expected}`];
    });
    expect(wrong).toEqual([]);
  });

  test('has every protected path of the default list', async () => {
    const patterns = (await readKeys()).get('protected')?.default as readonly string[];
    const text = documents.get('docs/configuration.md') ?? '';
    expect(patterns.filter((pattern) => !text.includes(`- \`${pattern}\`\n`))).toEqual([]);
  });

  test('its smallest configuration is that of the README', () => {
    const smallest = /^version: 1\n[\s\S]*?^limits: .*$/m;
    const [ours] = smallest.exec(documents.get('docs/configuration.md') ?? '') ?? [];
    expect(ours).toBeDefined();
    expect(smallest.exec(documents.get('README.md') ?? '')?.[0]).toBe(ours);
  });
});

test('generated files are current', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/generate.ts'), '--check'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
