import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { writeFiles } from '../../test/fixtures/git/repository.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { playSteps } from './replay-steps.ts';
import type { Step } from './recipe.ts';

const home = process.cwd();
afterEach(() => process.chdir(home));

async function play(steps: readonly Step[], files: Record<string, string> = {}) {
  const directory = await useTemporaryDirectory('replay');
  await writeFiles(directory, { ...files, 'outer/steps.json': JSON.stringify(steps), 'lane/': '' });
  process.chdir(join(directory, 'lane'));
  const said: string[] = [];
  const resultFile = join(directory, 'result.json');
  const code = await playSteps(join(directory, 'outer/steps.json'), { say: (line) => said.push(line), resultFile });
  return { code, said, lane: join(directory, 'lane'), resultFile };
}

test('files are written, patched and deleted, one step after the other', async () => {
  const { code, lane } = await play(
    [
      { kind: 'write', path: 'deep/new.txt', content: 'one $& two' },
      { kind: 'patch', path: 'deep/new.txt', find: 'two', replace: '$& three' },
      { kind: 'delete', path: 'old' },
      { kind: 'run', command: 'cp deep/new.txt copy' },
    ],
    { 'lane/old/file': 'x' },
  );
  expect(code).toBe(0);
  expect(await readFile(join(lane, 'copy'), 'utf8')).toBe('one $& $& three');
  expect(existsSync(join(lane, 'old'))).toBe(false);
});

test.each<[string, Step]>([
  ['a patch that does not fit', { kind: 'patch', path: 'a', find: 'no such text', replace: '' }],
  ['a patch of a file that is not there', { kind: 'patch', path: 'b', find: 'x', replace: '' }],
  ['a command that fails', { kind: 'run', command: 'echo because; exit 7' }],
  ['a failure', { kind: 'fail', message: 'because' }],
])('%s ends the play with an exit code', async (_, step) => {
  const { code, said, lane } = await play([step, { kind: 'write', path: 'after', content: '' }], { 'lane/a': 'x' });
  expect(code).toBe(1);
  expect(said.length).toBeGreaterThan(0);
  expect(existsSync(join(lane, 'after'))).toBe(false);
});

test('a question ends the play', async () => {
  const { code, resultFile } = await play([
    { kind: 'ask', question: 'Which?' },
    { kind: 'fail', message: 'x' },
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(await readFile(resultFile, 'utf8'))).toEqual({ question: 'Which?' });
});

test('a path that leads out of the lane is refused', async () => {
  await expect(play([{ kind: 'write', path: '../x', content: '' }])).rejects.toThrow('leads out of the lane');
});
