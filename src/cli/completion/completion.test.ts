import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandTree } from '../../../scripts/command-tree.ts';
import { useTemporaryDirectory } from '../../../test/fixtures/temporary-directory.ts';
import { bashScript } from './bash.ts';
import { programShape } from './command-shape.ts';
import { fishScript } from './fish.ts';
import { NAMED_COMMANDS } from './values.ts';
import { zshScript } from './zsh.ts';

const program = programShape(commandTree());
const has = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).error === undefined;
const hasBash = has('bash');

/** What bash offers at the end of each line; `answer` is what the shell script `yard` does. */
async function offeredByBash(lines: readonly string[], answer = 'true'): Promise<string[][]> {
  const directory = await useTemporaryDirectory('completion');
  await writeFile(join(directory, 'yard'), `#!/bin/sh\n${answer}\n`);
  await chmod(join(directory, 'yard'), 0o755);
  await writeFile(join(directory, 'yard.bash'), bashScript(program));
  const asks = lines.map((line) => {
    const words = line.split(' ').map((word) => `'${word}'`);
    return `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _yard
      printf '%s\\n' "\${COMPREPLY[@]}"; echo =`;
  });
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `source ./yard.bash; ${asks.join('\n')}`], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env['PATH']}` },
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(existsSync(join(directory, 'owned'))).toBe(false);
  return stdout
    .split('=\n')
    .slice(0, -1)
    .map((part) => part.split('\n').filter((line) => line !== ''));
}

describe.skipIf(!hasBash)(`the script for bash${hasBash ? '' : ' (there is no bash)'}`, () => {
  test('offers commands, options and fixed words', async () => {
    const [commands, aliases, options, short, actions, shells, none, topics, demos] = await offeredByBash([
      'yard st',
      'yard ret',
      'yard run --de',
      'yard logs -',
      'yard salvage ',
      'yard completion ',
      'yard add --json some',
      'yard help wa',
      'yard demo --scenario ',
    ]);
    expect(commands).toEqual(['status', 'stop']);
    expect(aliases).toEqual(['retry']);
    expect(options).toEqual(['--detach']);
    expect(short).toContain('-f');
    expect(actions).toEqual(['list', 'show', 'restore']);
    expect(shells).toEqual(['bash', 'zsh', 'fish']);
    expect(none).toEqual([]);
    expect(topics).toEqual(['wake', 'waiting']);
    expect(demos).toEqual(['backlog', 'hostile', 'steer']);
  });

  test('asks yard for ids and names where they stand', async () => {
    const offered = await offeredByBash(
      [
        'yard unpark ',
        'yard unpark A-1 A-2 ',
        'yard answer ',
        'yard answer A-1 ',
        'yard pause agent ',
        'yard add --after ',
        'yard logs --attempt 2 ',
        'yard config ',
        'yard doctor ',
      ],
      'shift; echo "$1|$2|$3|$4"',
    );
    expect(offered.map(([first]) => first?.replaceAll('\\', ''))).toEqual([
      '|unpark|tasks|parked',
      '|A-2|tasks|parked',
      '|answer|tasks|blocked',
      undefined,
      '|agent|named|',
      '|--after|tasks|',
      '|2|tasks|',
      '|config|keys|',
      '|doctor|checks|',
    ]);
  });

  test('what yard says is text: it is not carried out, and is quoted', async () => {
    const [offered] = await offeredByBash(
      ['yard why '],
      `printf '%s\\n' 'A-1' '$(touch owned)' '\`touch owned\`; touch owned' 'a b'`,
    );
    expect(offered).toEqual([
      'A-1',
      String.raw`\$\(touch\ owned\)`,
      String.raw`\`touch\ owned\`\;\ touch\ owned`,
      String.raw`a\ b`,
    ]);
  });
});

describe.each([
  ['zsh', zshScript],
  ['fish', fishScript],
] as const)('the script for %s', (shell, make) => {
  test.skipIf(!has(shell))(`is understood${has(shell) ? '' : ` (there is no ${shell})`}`, async () => {
    const directory = await useTemporaryDirectory('completion');
    const script = join(directory, 'script');
    await writeFile(script, make(program));
    const { status, stderr } = spawnSync(shell, ['-n', script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('has every command, option and fixed word', () => {
    const text = make(program);
    const words = program.commands.flatMap(({ name, aliases, options }) => [
      name,
      ...aliases,
      ...options.flatMap(({ flags }) => flags.map((flag) => (shell === 'fish' ? flag.replace(/^--?/, '') : flag))),
    ]);
    expect(words.filter((word) => !new RegExp(`[\\s'(-]${word}[\\s:']`).test(text))).toEqual([]);
  });
});

test('commands whose arguments are known by name exist', () => {
  const names = new Set(program.commands.map(({ name }) => name));
  expect(NAMED_COMMANDS.filter((name) => !names.has(name))).toEqual([]);
});
