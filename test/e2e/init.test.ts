import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

const PACKAGE = JSON.stringify({ name: 'x', version: '1.0.0', scripts: { test: 'node test.js' } });

const configOf = (made: E2eYard): Promise<string> => readFile(join(made.root, '.yard/config.yaml'), 'utf8');

test('init --gate, a second init, and the way to a first landing', async () => {
  const made = await makeYard({ config: null, files: { 'package.json': PACKAGE } });
  await expectRefused(made, ['init', '--gate', ' '], { error: /^the gate is empty$/, hint: /not healthy/ });
  const ran = await made.yard(['init', '--gate', 'test -f README.md', '--target', 'bots/main']);
  expect(ran).toMatchObject({
    code: 0,
    stdout: 'wrote .yard/config.yaml, .yard/config.schema.json, .yard/.gitignore and .yard/tasks/\n',
  });
  expect(ran.stderr).toContain('gate: test -f README.md\n');
  expect(ran.stderr).toContain('the target bots/main is created from main at the first run\n');
  const config = await configOf(made);
  expect(config).toMatch(/^# yaml-language-server: \$schema=\.\/config\.schema\.json\n/);
  expect(config).toContain('target: bots/main\n');
  expect(config).toContain('    run: "test -f README.md"\n');
  expect(JSON.parse(await readFile(join(made.root, '.yard/config.schema.json'), 'utf8'))).toMatchObject({
    title: 'Yardmaster configuration',
  });
  expect(existsSync(made.state)).toBe(false);
  expect(made.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  await expectRefused(made, ['init', '--yes'], {
    error: /^\.yard\/config\.yaml: it is there already$/,
    hint: /begin again/,
  });

  // As the last line of init says: name an agent, add a task, run.
  await made.write(
    'repo/.yard/config.yaml',
    config.replace(/run: .*No agent is set.*/, "run: 'cat > /dev/null; echo it > done.txt'"),
  );
  expect(await made.yard(['add', 'Do it', '--accept', 'done.txt is there'])).toMatchObject({ code: 0 });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('1 landed\n') });
  expect(made.git('show', 'bots/main:done.txt')).toBe('it');
  expect(made.git('status', '--porcelain=v1')).toBe('?? .yard/');
});

test('without a gate, one is proposed, and nothing passes until one is named', async () => {
  const made = await makeYard({ config: null, files: { 'package.json': PACKAGE, 'package-lock.json': '{}' } });
  const ran = await made.yard(['init']);
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.stderr).toMatch(
    /^No gate is set, .*: it could be npm test \(from package\.json and package-lock\.json\); set it under gates\.default\.run in \.yard\/config\.yaml\n/,
  );
  expect(ran.stderr).toContain('merge it when you like it: git merge agent/integration\n');
  const config = await configOf(made);
  expect(config).toContain('No gate is set');
  await made.write(
    'repo/.yard/config.yaml',
    config.replace(/run: .*No agent is set.*/, "run: 'cat > /dev/null; echo it > done.txt'"),
  );
  await made.yard(['add', 'Do it', '--accept', 'done.txt is there']);
  expect(await made.yard(['run'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(
      'error: .yard/config.yaml: no gate is set: gates.default.run is the command that only fails\n',
    ),
  });
  expect(made.git('branch', '--list', 'agent/*')).toBe('');
});

test('init --yes takes the proposal and what must be installed for it', async () => {
  const made = await makeYard({ config: null, files: { 'package.json': PACKAGE, 'package-lock.json': '{}' } });
  expect(await made.yard(['init', '--yes'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('gate: npm test\n'),
  });
  const config = await configOf(made);
  expect(config).toContain('    run: npm test\n');
  expect(config).toMatch(
    /^prewarm:\n {2}- run: npm ci\n {4}key: \[package\.json, package-lock\.json\]\n {4}outputs: \[node_modules\]\n/m,
  );
  const doctor = JSON.parse((await made.yard(['doctor', '--json'])).stdout) as { diagnosis: string };
  expect(doctor.diagnosis).toBe('agents');
});
