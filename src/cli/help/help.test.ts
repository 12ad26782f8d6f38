import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTree } from '../../../scripts/command-tree.ts';
import { repositoryFiles, root } from '../../../test/fixtures/repository-files.ts';
import { examplesOf } from '../tree/branch.ts';
import { definitionLines } from './definitions.ts';
import { exitCodes } from './exit-codes.ts';
import { TOPICS } from './topics.ts';

describe('topics', () => {
  test.each(TOPICS)('$name fits a terminal, wide or narrow', async ({ lines }) => {
    for (const width of [40, 80, 200]) {
      const long = (await lines(width)).filter((line) => line.length > width && /\S\s+\S/.test(line.trim()));
      expect(long).toEqual([]);
    }
  });

  test('exit codes are those of docs/cli.md', async () => {
    const text = await readFile(join(root, 'docs/cli.md'), 'utf8');
    const rows = [...text.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(exitCodes()).toEqual(rows);
  });

  test('every variable of ours that the source names is explained', async () => {
    // The switches of the tests that break things on purpose.
    const switches = /^YARD_(FAILPOINTS(_DIR)?|DEFECTS|CLOCK_AHEAD_MS|ANOTHER_BOOT|KILL|LABEL)$/;
    const topic = TOPICS.find(({ name }) => name === 'environment');
    const page = (await topic?.lines(80))?.join('\n') ?? '';
    const named = new Set<string>();
    for (const path of await repositoryFiles()) {
      if (!/^src\/.*\.ts$/.test(path) || path.endsWith('.test.ts')) continue;
      const text = await readFile(join(root, path), 'utf8');
      for (const [name] of text.matchAll(/\bYARD_[A-Z][A-Z_]*[A-Z]\b/g)) named.add(name);
    }
    expect(named).toContain('YARD_RESULT');
    expect([...named].filter((name) => !switches.test(name) && !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
  });

  test('long terms stand on a line of their own, and what does not fit stands below', () => {
    const definitions = [['a', 'one two three four five six seven'] as const, ['b'.repeat(40), 'two'] as const];
    expect(definitionLines(definitions, 40)).toEqual([
      '  a  one two three four five six seven',
      `  ${'b'.repeat(40)}`,
      '     two',
    ]);
    expect(definitionLines(definitions, 20)).toEqual([
      '  a',
      '    one two three',
      '    four five six',
      '    seven',
      `  ${'b'.repeat(40)}`,
      '    two',
    ]);
  });
});

describe('yard --help', () => {
  test('has a line for each command, at 80 columns', () => {
    const program = commandTree();
    const long = program.commands.filter((each) => (each.summary() || each.description()).length > 60);
    expect(long.map((each) => `${each.name()}: give it a summary of at most 60 characters`)).toEqual([]);
    let text = '';
    program.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('each command has an example, which starts with its name', () => {
    const wrong = commandTree().commands.filter((command) => {
      const examples = examplesOf(command);
      return examples.length === 0 || !examples.every((line) => line.includes(`yard ${command.name()}`));
    });
    expect(wrong.map((command) => command.name())).toEqual([]);
  });
});

describe('man/yard.1', () => {
  const page = join(root, 'man/yard.1');
  const hasGroff = spawnSync('groff', ['--version']).error === undefined;

  test.skipIf(!hasGroff)(`is understood without a warning${hasGroff ? '' : ' (there is no groff)'}`, () => {
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', '-P-cbou', page], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(commandTree().commands.filter((command) => !stdout.includes(`yard ${command.name()}`))).toEqual([]);
  });
});
