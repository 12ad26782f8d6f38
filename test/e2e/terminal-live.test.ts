import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noTerminal, Terminal } from '../fixtures/e2e/terminal.ts';
import type { Screen } from '../fixtures/e2e/screen.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

const REJOIN =
  'interrupted; attempts that run (1) go on; what they make lands with the next run at the latest. Rejoin with: yard run. End them with: yard stop --now';

const COLOUR = new RegExp(['\\u001b', '\\[[0-9;]*m'].join(''), 'u');

/** What was printed, however it was broken into lines. */
function textOf({ screen }: Terminal): string {
  return screen.lines.join(' ').replaceAll(/ +/g, ' ');
}

/** How many rows say so. */
function rows({ visible }: Screen, pattern: RegExp): number {
  return visible.filter((line) => pattern.test(line)).length;
}

function isAsBefore({ screen }: Terminal): void {
  expect(screen).toMatchObject({ isCursorVisible: true, isAlternate: false, wraps: true, styles: new Set() });
}

/** One frame of the live view, which is as wide as the terminal, and nothing left of another. */
async function hasOneFrame(run: Terminal, columns: number): Promise<void> {
  await run.until(`one frame of ${columns} columns`, (screen) => {
    const isRule = screen.visible.at(-4) === '─'.repeat(columns - 1) && rows(screen, /^─+$/) === 1;
    return isRule && rows(screen, /^waiting for you: ASK-1/) === 1 && rows(screen, /^1 ready · 1 running/) === 1;
  });
}

/** An attempt that runs until `go`, a question, and a task that waits. */
async function makeBusy(): Promise<{ readonly made: E2eYard; readonly run: Terminal }> {
  const made = await makeYard({
    tasks: [
      { id: 'ASK-1', priority: 9, does: 'echo "Which one?" > BLOCKED.md' },
      {
        id: 'RUN-1',
        title: '漢字のタイトルはとても長いので幅を超えますよ',
        does: 'echo "I work 🚂"; wait_for go; echo x > x.txt',
      },
      { id: 'NEXT-1', after: ['RUN-1'], does: 'echo y > y.txt' },
    ],
  });
  // Also where the test has failed.
  onTestFinished(() => made.touch('go'));
  const run = new Terminal(made, ['run'], { columns: 40, rows: 18 });
  await run.shows('I work');
  await made.waitForStatus('ASK-1', 'blocked');
  return { made, run };
}

async function ends(made: E2eYard): Promise<unknown[]> {
  return made.read(async (reader) => (await reader.events({ types: ['run.ended'] })).map(({ data }) => data));
}

describe.skipIf(noTerminal !== null)(`live at a terminal${noTerminal === null ? '' : ` (${noTerminal})`}`, () => {
  // Again where a drawing came between the change of the screen and its announcement, which a real terminal does at one
  // stroke: on a busy machine the program that announces it takes longer than a frame stays.
  test('what is drawn again follows the size, and Ctrl-C leaves the terminal as it was', { retry: 2 }, async () => {
    const { made, run } = await makeBusy();
    for (const columns of [40, 25, 90, 60]) {
      await run.resize(columns, 18);
      await hasOneFrame(run, columns);
    }

    const watch = new Terminal(made, ['status', '--watch'], { columns: 100 });
    await watch.shows('a scheduler runs');
    for (const columns of [40, 25, 100]) {
      await watch.resize(columns, 12);
      await watch.until(`a frame of ${columns} columns`, ({ visible }) => {
        const head = visible.find((line) => line.startsWith('RUNS '));
        return visible.length <= 12 && head?.includes('AGENT') === columns > 60;
      });
      expect(watch.screen).toMatchObject({ isAlternate: true, isCursorVisible: false });
      expect(rows(watch.screen, /^1 ready, 1 running/)).toBe(1);
    }
    watch.interrupt();
    expect(await watch.done).toBe(0);
    isAsBefore(watch);
    expect(rows(watch.screen, /^1 ready, 1 running, 1 blocked/)).toBe(1);

    const others = [
      { args: ['attach'], shows: /─/, code: 0, says: 'the run goes on. Come back with: yard attach' },
      { args: ['logs', 'RUN-1', '-f'], shows: 'I work', code: 0, says: '' },
      { args: ['events', '-f'], shows: 'RUN-1', code: 0, says: '' },
      { args: ['stop', '--wait'], shows: 'waiting for: RUN-1', code: 1, says: 'still at work: RUN-1' },
    ] as const;
    for (const { args, shows, code, says } of others) {
      const terminal = new Terminal(made, args);
      await terminal.shows(shows);
      terminal.interrupt();
      expect(await terminal.done).toBe(code);
      isAsBefore(terminal);
      expect(textOf(terminal)).toContain(says);
    }
    expect(await made.yard(['resume'])).toMatchObject({ code: 0 });

    run.interrupt();
    expect(await run.done).toBe(1);
    isAsBefore(run);
    expect(textOf(run)).toContain(REJOIN);
    // Of the frame nothing is left.
    expect(rows(run.screen, /─/)).toBe(0);
    expect(await made.statusOf('RUN-1')).toBe('running');
    await made.touch('go');
    expect(await made.yard(['run'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/\n2 landed, 1 blocked\n$/),
    });
  });

  test('a run ends at SIGTERM, when its terminal is closed, and at a second Ctrl-C; what runs goes on', async () => {
    const { made, run } = await makeBusy();
    await run.signal('SIGTERM');
    expect(await run.done).toBe(1);
    expect(textOf(run)).toContain(REJOIN);

    const dumb = new Terminal(made, ['run'], { env: { TERM: 'dumb' } });
    await made.until('a run', async () => (await made.status()).scheduler);
    await made.addTask({ id: 'ADD-1', priority: 9, does: 'echo z > z.txt' });
    await dumb.shows('ADD-1 landed');
    expect(dumb.raw).not.toContain('\u001b');
    await dumb.close();
    expect(await ends(made)).toMatchObject([{ end: { kind: 'interrupted' } }, { end: { kind: 'interrupted' } }]);
    expect(await made.statusOf('RUN-1')).toBe('running');

    // A git that does not hear of Ctrl-C, and waits, holds the cycle up.
    const path = process.env['PATH'] ?? '';
    const script = `#!/bin/sh
trap '' INT
if [ -e '${made.base}/hold' ]; then : > '${made.base}/held'; fi
while [ -e '${made.base}/hold' ]; do sleep 0.02; done
PATH='${path}' exec git "$@"
`;
    await chmod(await made.write('bin/git', script), 0o755);
    const plain = new Terminal(made, ['run'], {
      env: { NO_COLOR: '1', PATH: `${made.base}/bin:${path}` },
    });
    await plain.shows(/─/);
    await made.touch('hold');
    await made.humanCommit('agent/integration', 'human.txt', 'x');
    await made.waitForFile('held');
    plain.interrupt();
    await plain.shows('Ctrl-C once more ends at once');
    plain.interrupt();
    expect(await plain.done).toBe(1);
    isAsBefore(plain);
    expect(textOf(plain)).toContain('Ended at once; the work that runs goes on. Rejoin with: yard run');
    expect(plain.raw).not.toMatch(COLOUR);
    expect(await ends(made)).toHaveLength(2);
    await made.touch('go');
    await rm(join(made.base, 'hold'));
    expect(await made.yard(['run'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/\n3 landed, 1 blocked\n$/),
    });
  });
});
