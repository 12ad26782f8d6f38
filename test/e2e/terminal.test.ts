import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROGRAM } from '../fixtures/e2e/command.ts';
import { widthOf } from '../fixtures/e2e/screen.ts';
import { noTerminal, Terminal } from '../fixtures/e2e/terminal.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

const ESCAPE = '\u001b';

/** What a command shows on a terminal of its own until it ends. */
async function shown(made: E2eYard, columns: number, args: readonly string[]): Promise<string[]> {
  const terminal = new Terminal(made, args, { columns });
  await terminal.done;
  const { screen } = terminal;
  expect(screen).toMatchObject({ isCursorVisible: true, isAlternate: false, wraps: true, styles: new Set() });
  // A single word that is longer is left to the terminal to break: a path is copied whole.
  expect(screen.lines.filter((line) => widthOf(line) > columns && line.trim().includes(' '))).toEqual([]);
  return screen.lines;
}

describe.skipIf(noTerminal !== null)(`at a terminal${noTerminal === null ? '' : ` (${noTerminal})`}`, () => {
  test('a question is asked again until it is answered, and Ctrl-C or Ctrl-D is no answer', async () => {
    const made = await makeYard({ tasks: [] });
    const asked = new Terminal(made, ['add', 'One', '--objective', 'It is one']);
    await asked.shows('Acceptance criterion:');
    asked.type('\r');
    await asked.shows('Acceptance criterion (it takes one; Ctrl-C gives up):');
    asked.type('it is there\r');
    await asked.shows('another (empty to end):');
    asked.interrupt();
    expect(await asked.done).toBe(1);
    expect(asked.raw).toContain('\r\nerror: interrupted; nothing was added\r\n');
    const left = new Terminal(made, ['add']);
    await left.shows('Title:');
    left.type('\u0004');
    expect(await left.done).toBe(1);
    expect(left.raw).toContain('error: interrupted; nothing was added');
    expect(await made.yard(['tasks', '--json'])).toMatchObject({ code: 2 });
  });

  test('a yes is no gate', async () => {
    const files = { 'package.json': JSON.stringify({ scripts: { test: 'node test.js' } }) };
    const made = await makeYard({ config: null, files });
    const asked = new Terminal(made, ['init'], { columns: 200 });
    await asked.shows('or - for none) [npm test]:');
    asked.type('y\r');
    expect(await asked.done).toBe(2);
    expect(asked.raw).toContain('"y" is not a gate');
    expect(existsSync(join(made.root, '.yard'))).toBe(false);
  });

  test('what is printed fits 40 columns and 200, and has colours only where they are wanted', async () => {
    const made = await makeYard({
      config: { limits: { retries: 0 } },
      tasks: [
        {
          id: 'ASK-1',
          title: 'Say which one of them it is to be, and why that one',
          does: 'echo "Which?" > BLOCKED.md',
        },
        { id: 'PARK-1', title: '漢字のタイトルはとても長いので幅を超えますよ本当に長いですから', does: 'exit 1' },
        { id: 'WAIT-1', after: ['ASK-1', 'PARK-1'] },
      ],
    });
    expect(await made.yard(['run'])).toMatchObject({ code: 3 });
    for (const columns of [40, 200]) {
      const status = await shown(made, columns, ['status']);
      const row = status.findIndex((line) => line.startsWith('WAIT-1  ready'));
      const reason = 'it comes after ASK-1, which is blocked';
      const found =
        columns === 40
          ? status
              .slice(row + 1)
              .join(' ')
              .replaceAll(/ +/g, ' ')
          : status[row];
      expect(found).toContain(reason);
      expect((await shown(made, columns, ['why', 'WAIT-1']))[0]).toBe('WAIT-1 is ready');
      expect((await shown(made, columns, ['doctor', '--quick'])).join('\n')).toMatch(/\n {0,2}waiting|\nwarn/);
      expect((await shown(made, columns, ['--help']))[0]).toMatch(/^Usage: yard/);
      const refused = await shown(made, columns, ['why', 'WAIT-2']);
      expect(refused.join(' ')).toMatch(/^error: there is no task "WAIT-2" hint: .*yard tasks/);
    }
    for (const args of [['events'], ['config'], ['show', 'PARK-1'], ['report']])
      expect((await shown(made, 40, args)).join(' ')).toMatch(/run\.ended|limits\.concurrent|exited with 1/);
    const doctor = async (env: Readonly<Record<string, string>>): Promise<string> => {
      const terminal = new Terminal(made, ['doctor', 'git'], { env });
      expect(await terminal.done).toBe(0);
      return terminal.raw;
    };
    expect(await doctor({})).toContain(`${ESCAPE}[32m`);
    expect(await doctor({ NO_COLOR: '1' })).not.toContain(ESCAPE);
    expect(await doctor({ TERM: 'dumb' })).not.toContain(ESCAPE);

    for (const pipe of ['status | true', '--help | true', 'status --watch | head -1']) {
      const { status, stderr } = spawnSync('/bin/sh', ['-c', `'${process.execPath}' '${PROGRAM}' ${pipe}`], {
        cwd: made.root,
        env: made.environment,
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect({ pipe, status, stderr }).toEqual({ pipe, status: 0, stderr: '' });
    }
  });
});
