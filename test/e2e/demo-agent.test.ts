import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';

import { findProgram, namedPrograms } from '../fixtures/agents/cache.ts';
import { startYard } from '../fixtures/e2e/command.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { awaitQuiet } from '../fixtures/e2e/own-processes.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

/** One in each run of the tests, as the others take minutes; or those that are named. */
const named = namedPrograms() ?? ['codex'];
const PROGRAMS = ['codex', 'claude', 'gemini', 'opencode'].filter((name) => named.includes(name));

test.for(PROGRAMS)(
  'the backlog of the demo is worked on by the real %s, before a stub model',
  { timeout: 600_000 },
  async (name, context) => {
    const program = findProgram(name);
    if ('skipped' in program) return context.skip(program.skipped);
    const base = await useTemporaryDirectory('demo');
    await mkdir(join(base, 'home'));
    onTestFinished(() => awaitQuiet(base, 10_000), 60_000);
    const env = minimalEnvironment(join(base, 'home'));
    const { code, stdout, stderr } = await startYard(
      ['demo', '--agent', name, '--stub-model', '--directory', join(base, 'demo')],
      {
        cwd: base,
        env: { ...env, PATH: `${dirname(program.path)}${delimiter}${env['PATH'] ?? ''}` },
        foreground: true,
      },
    ).done;
    expect(stdout + stderr).toContain('All 11 tasks landed');
    // With a model where the program has to be told one.
    expect(stdout).toMatch(new RegExp(`and ${name}(?::\\S+)?: the real program, before a scripted model`));
    expect(stdout).not.toContain('a scripted agent');
    expect(code).toBe(0);
  },
);

test('where nothing can start any more, the demo gives up and says why', async () => {
  const base = await useTemporaryDirectory('demo');
  const bin = join(base, 'bin');
  await mkdir(bin);
  // It ends at once, each time: its pool is put off for longer than any demo takes.
  await writeFile(
    join(bin, 'codex'),
    '#!/bin/sh\ncase "$*" in *--version*) echo codex-cli 9.9.9; exit 0;; esac\nexit 1\n',
  );
  await chmod(join(bin, 'codex'), 0o755);
  onTestFinished(() => awaitQuiet(base, 10_000), 60_000);
  const env = minimalEnvironment(base);
  const { code, stdout } = await startYard(
    ['demo', '--agent', 'codex', '--stub-model', '--directory', join(base, 'demo')],
    { cwd: base, env: { ...env, PATH: `${bin}${delimiter}${env['PATH'] ?? ''}` }, foreground: true },
  ).done;
  expect(stdout).toContain('0 of 11 tasks landed');
  expect(stdout).toMatch(
    /^Given up, as nothing can start: the pool codex is put off for another \d+ min: 3 turns in a row failed/m,
  );
  // A task of the end of the backlog, which nobody was given.
  expect(stdout).not.toContain('yard diff SHIP-2');
  expect(code).toBe(1);
});

test('without the program, or without a confirmation, nothing is made', async () => {
  const base = await useTemporaryDirectory('demo');
  const demo = (...args: string[]) => startYard(['demo', ...args], { cwd: base, env: minimalEnvironment(base) }).done;
  const missing = await demo('--agent', 'codex', '--stub-model');
  expect(missing.code).not.toBe(0);
  expect(missing.stderr).toContain('npm install -g @openai/codex');
  expect((await demo('--stub-model')).code).toBe(2);
  const chain = await demo('--agent', 'codex, claude', '--stub-model', '--directory', join(base, 'chain'));
  expect(chain).toMatchObject({ code: 2, stderr: expect.stringContaining('yard demo --agent codex') });
  expect(existsSync(join(base, 'chain'))).toBe(false);
  expect((await demo('--agent', 'codex', '--scenario', 'hostile')).code).toBe(2);
  const review = await demo('--agent', 'codex:review', '--stub-model', '--directory', join(base, 'review'));
  expect(review).toMatchObject({ code: 2, stderr: expect.stringContaining('codex:review only reviews') });
  expect(existsSync(join(base, 'review'))).toBe(false);
  expect((await demo('--agent', 'cluade', '--stub-model')).stderr).toContain('did you mean claude?');
});
