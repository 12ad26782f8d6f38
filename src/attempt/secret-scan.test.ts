import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { objectsOf } from '../../test/fixtures/git/objects.ts';
import { runGit } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard, YardSetup } from '../../test/fixtures/yard/yard.ts';

const TASK = 'TASK-1';
const VARIABLE = 'SCAN_CANARY';
const CANARY = 'c4nary-0123456789';
// Put together here, so that no scanner takes this file for a leak.
const GITHUB = ['ghp', 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx'].join('_');

/** So that the next attempt salvages the lane and fills it anew. */
async function moveTarget(yard: LocalYard): Promise<void> {
  await runGit(yard.parts.source.path, ['commit', '-q', '--allow-empty', '-m', 'the target moves']);
  await runGit(yard.parts.source.path, ['branch', '-f', 'agent/integration', 'main']);
  await yard.sync();
}

async function yardWith(script: string, setup: YardSetup = {}): Promise<LocalYard> {
  process.env[VARIABLE] = CANARY;
  onTestFinished(() => {
    delete process.env[VARIABLE];
  });
  const yard = await openYard({ ...setup, config: { secrets: [VARIABLE], ...setup.config } });
  await yard.add(TASK);
  await yard.does(TASK, script);
  return yard;
}

test.each([
  ['as it is', CANARY],
  ['in base64', Buffer.from(`password=${CANARY}`).toString('base64')],
])('the value of a named secret %s: refused with path and line, before anything enters the depot', async (_, text) => {
  const yard = await yardWith(`mkdir -p d; printf 'one\\ntwo\\n%s\\n' '${text}' > d/f; echo x > clean`);
  const before = objectsOf(yard.depot.path);
  const { outcome } = await yard.attempt(TASK);
  expect(outcome).toEqual({
    kind: 'policy',
    paths: ['d/f'],
    why: `d/f:3 holds the value of the secret ${VARIABLE}: nothing of it was committed`,
  });
  expect([...objectsOf(yard.depot.path).keys()]).toEqual([...before.keys()]);
  expect(await yard.status(TASK)).toBe('parked');
});

test('a secret as the name of a file is one', async () => {
  const yard = await yardWith(`echo x > 'x-${CANARY}.txt'`);
  const { outcome } = await yard.attempt(TASK);
  expect(outcome).toMatchObject({ kind: 'policy', why: expect.stringMatching(/^the path x-.* holds the value/) });
  expect(JSON.stringify(outcome)).not.toContain(CANARY);
});

test('what looks like a secret is refused, but for paths that the operator allows', async () => {
  const script = `mkdir keys; echo 'token: ${GITHUB}' > keys/a`;
  const refused = await yardWith(script);
  const { outcome } = await refused.attempt(TASK);
  expect(outcome).toMatchObject({ kind: 'policy', paths: ['keys/a'] });
  expect(JSON.stringify(outcome)).toContain('keys/a:1 holds what looks like a secret (github)');
  const allowed = await yardWith(script, { config: { secretScan: { allow: ['keys/**'] } } });
  expect((await allowed.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
});

test('no path is allowed to hold a named secret, and no comment allows anything', async () => {
  const named = await yardWith(`echo ${CANARY} > a`, {
    config: { secrets: [VARIABLE], secretScan: { allow: ['**'] } },
  });
  expect((await named.attempt(TASK)).outcome).toMatchObject({ kind: 'policy' });
  const comment = await yardWith(`echo '// secretlint-disable-next-line\n${GITHUB}' > a`);
  expect((await comment.attempt(TASK)).outcome).toMatchObject({ kind: 'policy', paths: ['a'] });
});

test('what stood in the same file of the base is let be', async () => {
  const files = { a: `${GITHUB}\n${CANARY}\n` };
  const yard = await yardWith(`echo more >> a`, { files });
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
  const moved = await yardWith('cp a b', { files });
  expect((await moved.attempt(TASK)).outcome).toMatchObject({ kind: 'policy', paths: ['b'] });
});

test('a password in the address of a test database may be committed', async () => {
  const yard = await yardWith("echo 'postgres://test:test1234@localhost/db' > a");
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
});

test('a secret that two windows of the search share is found, with its line', async () => {
  const yard = await yardWith('cp "$BASE/big" big');
  const lines = `${'x'.repeat(1023)}\n`.repeat(8 * 1024);
  await writeFile(yard.path('big'), `${lines.slice(0, -8)}${CANARY}\n`);
  expect((await yard.attempt(TASK)).outcome).toMatchObject({
    kind: 'policy',
    why: `big:8192 holds the value of the secret ${VARIABLE}: nothing of it was committed`,
  });
});

test('work of an earlier attempt that the lane was filled with is searched again', async () => {
  const yard = await yardWith(`echo 'token: ${GITHUB}' > a; exit 1`);
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'no-packet' });
  await moveTarget(yard);
  await yard.does(TASK, 'echo x > b');
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'policy', paths: ['a'] });
});

test('a lane that cannot be searched is no clean one', async () => {
  const yard = await yardWith('echo x > a');
  const dispatched = await yard.dispatch(TASK);
  const context = await yard.context(TASK, dispatched);
  const broken = {
    ...context.redactor,
    text: (text: string) => text,
    find: () => {
      throw new Error('the search failed');
    },
  };
  await yard.run({ ...context, redactor: broken });
  expect(await yard.outcome(TASK, dispatched.attempt)).toMatchObject({ kind: 'infrastructure' });
});

test('work that is refused is salvaged without the value, and the find says so', async () => {
  const yard = await yardWith(`echo 'key=${CANARY}' > a; echo kept > b; exit 1`);
  await yard.attempt(TASK);
  await moveTarget(yard);
  await yard.does(TASK, 'cp a "$BASE/carried"; exit 1');
  await yard.attempt(TASK);
  expect(yard.lines('carried')).toEqual([`key=[redacted:${VARIABLE}]`]);
  const objects = [...objectsOf(yard.depot.path).values()];
  expect(objects.filter((data) => data.includes(CANARY))).toEqual([]);
  const message = await runGit(yard.depot.path, ['log', '-1', '--format=%B', `refs/yard/salvage/${TASK}/1`]);
  expect(message).toContain('Yard-Redacted: 1');
  expect(await runGit(yard.depot.path, ['show', `refs/yard/salvage/${TASK}/1:b`])).toBe('kept');
});

test('a value that the agent puts back in each attempt, also as the name of a file, is replaced each time', async () => {
  const yard = await yardWith(`echo 'key=${CANARY}' > a; echo x > 'b-${CANARY}'; echo "$YARD_ATTEMPT" > c; exit 1`);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'no-packet' });
    await moveTarget(yard);
  }
  const objects = [...objectsOf(yard.depot.path).values()];
  expect(objects.filter((data) => data.includes(CANARY))).toEqual([]);
  const files = await runGit(yard.depot.path, ['ls-tree', '--name-only', `refs/yard/salvage/${TASK}/2`]);
  expect(files.split('\n')).toEqual(['README.md', 'a', `b-[redacted:${VARIABLE}]`, 'c']);
  expect(await runGit(yard.depot.path, ['show', `refs/yard/salvage/${TASK}/2:c`])).toBe('2');
});

test('commits of the agent with the value stay outside of the depot: the lane is kept whole', async () => {
  const own = 'git add -A; git -c user.name=a -c user.email=a@b commit -qm own';
  const yard = await yardWith(`echo '${CANARY}' > a; ${own}; rm a; echo x > b; exit 1`);
  await yard.attempt(TASK);
  await moveTarget(yard);
  await yard.does(TASK, 'exit 1');
  await yard.attempt(TASK);
  const objects = [...objectsOf(yard.depot.path).values()];
  expect(objects.filter((data) => data.includes(CANARY))).toEqual([]);
  const whole = join(yard.stateDirectory, 'attempts', TASK, '2', 'lane-of-1');
  expect(await runGit(whole, ['log', '-1', '--format=%s'])).toBe('own');
});
