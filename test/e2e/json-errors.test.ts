import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';
import { root } from '../fixtures/repository-files.ts';

interface Told {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

test('with --json an error is JSON on stdout, the sentence on stderr, and the exit code as always', async () => {
  const made = await makeYard();
  const cases: readonly (readonly [args: readonly string[], code: number, error: object, sentence: string])[] = [
    [['tasks', '--json'], 2, { code: 'no-yard', hint: 'Start with: yard run' }, 'error: nothing has run yet\nhint: '],
    [['status', '--jsno', '--json'], 2, { code: 'usage', message: "unknown option '--jsno'" }, 'error: unknown option'],
    [['logs', '--json'], 2, { code: 'usage', hint: 'See: yard logs --help' }, '(see: yard logs --help)'],
    [['run', '--json'], 2, { code: 'usage', hint: expect.stringContaining('--detach') }, 'error: --json is about'],
    [['stop', '--timeout', '5s', '--json'], 2, { code: 'usage', hint: 'Add --wait, or leave it out.' }, 'error: '],
    [['update', '--json'], 2, { code: 'usage', message: 'no version is named' }, 'error: '],
    [['nonsense', '--json'], 2, { code: 'usage', message: "unknown command 'nonsense'" }, 'error: unknown command'],
    [['config', 'limit', '--json'], 2, { code: 'unknown-key', hint: expect.stringContaining('limits') }, 'error: '],
  ];
  for (const [args, code, error, sentence] of cases) {
    const ran = await made.yard(args);
    expect.soft(ran).toMatchObject({ code, stderr: expect.stringContaining(sentence) });
    expect.soft((JSON.parse(ran.stdout) as Told).error).toMatchObject(error);
  }
  await made.write('repo/.yard/config.yaml', 'version: 1\ncolour: red\n');
  const { code, stdout } = await made.yard(['reconcile', '--json']);
  expect({ code, told: JSON.parse(stdout) as Told }).toMatchObject({
    code: 2,
    told: { error: { code: 'config-invalid', place: { file: '.yard/config.yaml', line: 1, column: 1 } } },
  });
});

test('a bug is JSON, too', async () => {
  const made = await makeYard();
  const bug = 'data:text/javascript,process.cwd = () => { throw new TypeError("it broke") }';
  const args = ['--import', bug, join(root, 'bin/yard.js'), 'status', '--json'];
  const ran = spawnSync(process.execPath, args, { cwd: made.root, env: made.environment, encoding: 'utf8' });
  expect(ran).toMatchObject({
    status: 70,
    stderr: expect.stringMatching(/^internal error, please report it: TypeError/),
  });
  expect((JSON.parse(ran.stdout) as Told).error).toMatchObject({ code: 'internal', message: 'it broke' });
});
