import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { makeNotice } from '../core/notice.ts';
import { desktopChannel } from './notice-desktop.ts';

const NAME = process.platform === 'darwin' ? 'osascript' : 'notify-send';

/** A program of the desktop that only notes its arguments, one on each line. */
async function standIn(end: string): Promise<{ path: string; seen: () => Promise<string[]> }> {
  const directory = await useTemporaryDirectory('desktop');
  const program = join(directory, NAME);
  await writeFile(program, `#!/bin/sh\nprintf '%s\\n' "$@" > '${directory}/seen'\n${end}\n`);
  await chmod(program, 0o755);
  const seen = async () => (await readFile(join(directory, 'seen'), 'utf8')).trimEnd().split('\n');
  return { path: `${directory}:/usr/bin:/bin`, seen };
}

const HOSTILE = '-e; $(touch /tmp/x) <b>bold</b> & "quoted"';
const NOTICE = makeNotice([{ kind: 'question', taskId: 'T-1', title: '', text: HOSTILE, commands: [] }], '--shop', 7);

test('title and text are arguments of their own, behind the end of all options; markup is text', async () => {
  const { path, seen } = await standIn('exit 0');
  const channel = desktopChannel({ PATH: path });
  expect(channel.problem).toBeNull();
  expect(await channel.send(NOTICE)).toEqual({ kind: 'ok' });
  const given = await seen();
  const [title, text] = given.slice(given.indexOf('--') + 1);
  expect(title).toBe('--shop: 1 question');
  const shown =
    process.platform === 'darwin'
      ? HOSTILE
      : HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  expect(text).toBe(`T-1 asks: ${shown}`);
});

test('one that fails says why; one that is not there is a problem from the start', async () => {
  const { path } = await standIn('echo "no bus" >&2; exit 3');
  expect(await desktopChannel({ PATH: path }).send(NOTICE)).toEqual({
    kind: 'failed',
    why: `${NAME} failed (exit code 3): no bus`,
  });
  const none = desktopChannel({ PATH: '/nowhere' });
  expect(none.problem).toBe(`there is no ${NAME} on this machine`);
  expect(await none.send(NOTICE)).toEqual({ kind: 'failed', why: none.problem });
});
