import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProcess } from '../../src/process/run.ts';
import { root } from '../fixtures/repository-files.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

/** A task file may hold this; no control characters. */
const UNSEEN = 'MARK \u202ertl\u2066iso\u2069\u200f\u061c zero\u200bwidth\ufeff\u00ad\u2060\u{e0041}\u2028\u2029';

/** A word, and around it all that a terminal obeys or that shows another text than is there. */
const HOSTILE = [
  'MARK',
  '\u001b]8;;http://link.test/\u001b\\click\u001b]8;;\u001b\\',
  '\u001b]52;c;Y2xpcGJvYXJk\u0007',
  '\u001b]0;title\u0007',
  '\u001b[3J\u001b[2;2H\u001b[35;5mcolour\u001bc\u001b(0',
  '\u009b31m\u009d0;title\u009c\u0090q\u009c\u0085',
  'over\rwritten\b\b\u007f',
  UNSEEN,
  '\u001b]8;;unfinished',
].join(' ');
/** What no YAML may hold, but every stream. */
const BYTES = Buffer.concat([
  Buffer.from(HOSTILE),
  Buffer.from([0x20, 0x00, 0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x0a]),
]);

const CONTROL = /(?![\n\t])\p{Cc}/u;
const INVISIBLE = /[\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
/** Our own colours and the frame of the live view, which are no part of any text. */
const OWN = [/ESC\[(?:0|1|2|22|3[1236]|39)m/g, /CR ESC\[\d+A ESC\[0J/g, /CR(?=\n)/g].map(
  ({ source }) =>
    new RegExp(source.replaceAll(/ESC|CR/g, (name) => (name === 'CR' ? '\\r' : '\\u001b')).replaceAll(' ', ''), 'g'),
);

/** What of a text would act; null: nothing. */
function live(text: string): string | null {
  const rest = OWN.reduce((left, own) => left.replace(own, ''), text);
  const found = CONTROL.exec(rest) ?? INVISIBLE.exec(rest);
  return found === null ? null : JSON.stringify(rest.slice(Math.max(0, found.index - 60), found.index + 20));
}

const terminal = await runProcess('script', ['-qec', 'true', '/dev/null'], {
  cwd: '/',
  env: { PATH: process.env['PATH'] ?? '' },
});
const hasTerminal = terminal.kind === 'exited' && terminal.code === 0;

async function onTerminal(made: E2eYard, args: readonly string[]): Promise<string> {
  const words = [process.execPath, join(root, 'bin/yard.js'), ...args].map((word) => `'${word}'`);
  const result = await runProcess('script', ['-qec', words.join(' '), '/dev/null'], {
    cwd: made.root,
    env: { ...made.environment, TERM: 'xterm', SHELL: '/bin/sh' },
  });
  return result.stdout.toString();
}

const IDS = ['ASKS-1', 'RED-1', 'FAILS-1', 'LANDS-1'];

/** As YAML takes what it does not let stand for itself. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

/** A backlog in which everything that a stranger can name or say is hostile, run to its end. */
async function hostileYard(): Promise<E2eYard> {
  const made = await makeYard({
    config: { gates: { default: { run: `cat "$HOME/hostile"; ! test -e red` } }, limits: { retries: 0 } },
    tasks: [
      { id: 'ASKS-1', does: 'cp "$BASE/home/hostile" BLOCKED.md' },
      { id: 'RED-1', does: 'cat "$BASE/home/hostile"; cat "$BASE/home/hostile" >&2; touch red' },
      {
        id: 'FAILS-1',
        does: `
          name=$(tr -d '\\000/' < "$BASE/home/name"); cat "$BASE/home/hostile" > "$name"; mkdir "dir $name"; echo x > "dir $name/x"
          git add -A; git -c user.name=a -c user.email=a@b commit -q -F "$BASE/home/name"
          cat "$BASE/home/hostile"; exit 1`,
      },
      {
        id: 'LANDS-1',
        does: 'name=$(tr -d "\\000/" < "$BASE/home/name"); echo x > "$name"; cat "$BASE/home/hostile" > content',
      },
    ],
  });
  for (const id of IDS) {
    const text = await made.readText(`repo/.yard/tasks/${id}.md`);
    await made.write(
      `repo/.yard/tasks/${id}.md`,
      text.replace(/^title: .*$/m, () => `title: ${escaped(UNSEEN)}`),
    );
  }
  await made.write('home/name', HOSTILE.slice(0, 150));
  await writeFile(join(made.home, 'hostile'), BYTES);
  return made;
}

test(`case 56: whatever a stranger wrote is inert in every view${hasTerminal ? '' : ' (without a terminal: no script)'}`, async () => {
  const made = await hostileYard();
  const run = hasTerminal ? await onTerminal(made, ['run']) : (await made.yard(['run'])).stdout;
  expect(run).toContain('MARK');
  expect({ view: 'run', live: live(run) }).toEqual({ view: 'run', live: null });
  expect((await made.status()).counts).toMatchObject({ landed: 1, parked: 2, blocked: 1 });
  await made.yard(['stop', '--reason', HOSTILE]);

  const views: { readonly args: readonly string[]; readonly marked?: boolean; readonly raw?: boolean }[] = [
    { args: ['status'], marked: true },
    { args: ['status', '--json'], marked: true },
    ...IDS.flatMap((id) => [
      { args: ['why', id], marked: id === 'ASKS-1' },
      { args: ['why', id, '--json'], marked: id === 'ASKS-1' },
      { args: ['logs', id], marked: id !== 'ASKS-1' },
      { args: ['logs', id, '-f'], marked: id !== 'ASKS-1' },
    ]),
    // Piped, a patch is a patch: the very bytes.
    { args: ['diff', 'LANDS-1'], marked: true, raw: true },
    { args: ['diff', 'LANDS-1', '--stat'], marked: true, raw: true },
    { args: ['salvage'] },
    { args: ['salvage', 'list', '--json'] },
    { args: ['salvage', 'show', 'FAILS-1'], marked: true },
    { args: ['salvage', 'show', 'FAILS-1', '--json'], marked: true },
    { args: ['salvage', 'show', 'FAILS-1', '--patch'], marked: true, raw: true },
    { args: ['doctor'] },
    { args: ['doctor', '--json'] },
    { args: ['breaker'] },
    { args: ['breaker', '--json'] },
    { args: ['gc', '--dry-run'] },
    { args: ['gc', '--dry-run', '--json'] },
    { args: ['reconcile', '--dry-run'] },
    { args: ['reconcile', '--dry-run', '--json'] },
    { args: ['run'] },
    { args: ['why', HOSTILE] },
    { args: ['logs', HOSTILE] },
    { args: ['nothing', HOSTILE] },
    { args: ['add', HOSTILE, '--id', 'ADDED-1', '--done-when', HOSTILE] },
    { args: ['status', '--json'] },
    { args: ['resume'] },
  ];
  const acting: { readonly view: string; readonly live: string }[] = [];
  const unmarked: string[] = [];
  for (const { args, marked = false, raw = false } of views) {
    const view = args.map((word) => (word === HOSTILE ? '(hostile)' : word)).join(' ');
    const shown: string[] = [];
    if (!raw) {
      const { stdout, stderr } = await made.yard(args);
      shown.push(stdout, stderr);
      if (args.includes('--json') && stdout !== '') JSON.parse(stdout);
    }
    if (hasTerminal && !args.includes(HOSTILE)) shown.push(await onTerminal(made, args));
    if (marked && !shown.join('').includes('MARK') && shown.length > 0) unmarked.push(view);
    for (const text of shown) {
      const found = live(text);
      if (found !== null) acting.push({ view, live: found });
    }
  }
  expect(acting).toEqual([]);
  expect(unmarked).toEqual([]);
}, 600_000);
