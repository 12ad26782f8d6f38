import { spawnSync } from 'node:child_process';
import { appendFileSync, chmodSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

// Case 34 is in damaged-objects.test.ts; 35 and 37 in e2e/refused-tasks.test.ts; 36 in e2e/refused-config.test.ts and
// config/yaml.test.ts; 38 in core/ref-name.test.ts and config/load.test.ts; 40 and 41 of lanes in
// git/snapshot-refusal.test.ts. The rest is here.

const UNREADABLE = { code: 1, error: /^the store \/.*\/state\.db cannot be read: /, hint: /restore it from a copy/ };

async function ranYard(): Promise<{ made: E2eYard; store: string }> {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  await made.addTask({ id: 'B-1', does: 'echo b > b.txt' });
  const store = join(made.state, 'state.db');
  expect(statSync(store).size).toBeGreaterThan(4096);
  return { made, store };
}

/** Turns over bits all through the file but in its header, which other checks guard. */
function flipBits(path: string): void {
  const bytes = readFileSync(path);
  for (let at = 4096; at < bytes.length; at += 512) bytes.writeUInt8(bytes.readUInt8(at) ^ 0x15, at);
  writeFileSync(path, bytes);
}

const DAMAGE: Readonly<Record<string, (path: string) => unknown>> = {
  truncated: (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096),
  'truncated within its first page': (path) => truncateSync(path, 100),
  'bit-flipped': flipBits,
  'zero bytes': (path) => truncateSync(path),
  zeros: (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  'a directory': async (path) => {
    await rm(path);
    await mkdir(path);
  },
};

test('case 32: a ledger that is damaged in any way is refused with its path and a hint, and never started empty', async () => {
  const { made, store } = await ranYard();
  const whole = await readFile(store);
  for (const [how, damage] of Object.entries(DAMAGE)) {
    await damage(store);
    await expectRefused(made, ['run'], UNREADABLE);
    await expectRefused(made, ['reconcile'], UNREADABLE);
    const [doctor, repair] = await Promise.all([made.yard(['doctor']), made.yard(['doctor', '--repair'])]);
    const said = { code: 1, stdout: expect.stringMatching(/\nstore: the store .*\nhint: .*copy/s) };
    expect.soft(doctor, how).toMatchObject(said);
    expect.soft(repair.code, how).toBe(1);
    for (const suffix of ['', '-wal', '-shm']) await rm(`${store}${suffix}`, { recursive: true, force: true });
    await writeFile(store, whole);
  }
  expect(made.git('log', '--format=%s', '-1', 'agent/integration')).toBe('Do A-1');
  // The copy, put back, is gone on with.
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 landed') });
}, 300_000);

test.skipIf(process.getuid?.() === 0)(
  'case 32: a ledger of mode 000 is refused (as root nothing is unreadable)',
  async () => {
    const { made, store } = await ranYard();
    chmodSync(store, 0);
    await expectRefused(made, ['run'], UNREADABLE);
    chmodSync(store, 0o600);
    expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  },
);

test('case 32: an empty file beside a log that is not, or without any trace of a yard', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  await mkdir(made.state);
  const store = join(made.state, 'state.db');
  await writeFile(store, '');
  await writeFile(`${store}-wal`, 'not empty');
  await expectRefused(made, ['run'], UNREADABLE);
  // What a first run leaves that was killed while it made the file.
  await rm(`${store}-wal`);
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
});

test('case 33: torn lines of a transcript are shown as they are, and nothing is decided by them', async () => {
  const { made } = await ranYard();
  const transcript = join(made.state, 'attempts/A-1/1/transcript.ndjson');
  const lines = ['{"at":1,"stream":"stdout","text":"whole"}', '{"at":1,"stream":"std', 'null', '7', '{"text":"after"}'];
  writeFileSync(transcript, `${lines.join('\n')}\n`);
  appendFileSync(transcript, '{"at":2,"stream":"stdout","te');
  const logs = await made.yard(['logs', 'A-1']);
  expect(logs.code).toBe(0);
  const shown = logs.stdout.trimEnd().split('\n');
  expect(shown.filter((line) => !line.startsWith('gate: '))).toEqual([
    'whole',
    ...lines.slice(1, 4),
    'after',
    '{"at":2,"stream":"stdout","te',
  ]);
});

/** A tree with one more entry, of a name that git's own commands would not take. */
function treeWith(made: E2eYard, mode: string, name: string, oid: string): string {
  const git = (args: readonly string[], input: Buffer): string => {
    const { stdout, status, stderr } = spawnSync('git', args, {
      cwd: made.root,
      env: minimalEnvironment(made.home),
      input,
    });
    if (status !== 0) throw new Error(stderr.toString());
    return stdout.toString().trim();
  };
  const tree = spawnSync('git', ['cat-file', 'tree', 'HEAD^{tree}'], { cwd: made.root }).stdout;
  const entry = Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, 'hex')]);
  return git(['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], Buffer.concat([entry, tree]));
}

test.each<[string, string, (made: E2eYard) => [mode: string, name: string, oid: string]]>([
  ['.git/config', '.git/', (made) => ['40000', '.git', made.git('rev-parse', 'HEAD^{tree}')]],
  ['.GIT in another case', '.GIT/', (made) => ['40000', '.GIT', made.git('rev-parse', 'HEAD^{tree}')]],
  ['..', '../', (made) => ['40000', '..', made.git('rev-parse', 'HEAD^{tree}')]],
  [
    'a .gitmodules that is a link',
    '.gitmodules',
    (made) => ['120000', '.gitmodules', made.git('rev-parse', 'HEAD:README.md')],
  ],
])('case 41: a target whose tree has %s is refused', async (_, shown, entry) => {
  const made = await makeYard({ tasks: [{ id: 'A-1' }] });
  const tree = treeWith(made, ...entry(made));
  const commit = made.git('commit-tree', '-m', 'Hostile', '-p', 'HEAD', tree);
  made.git('update-ref', 'refs/heads/agent/integration', commit);
  await expectRefused(made, ['run'], {
    error: new RegExp(`^the target holds "${shown.replaceAll('.', '\\.')}.*git refuses to write out`),
    hint: /git ls-tree/,
  });
});

/** All of them take half a minute. */
const COMMITS = process.env['YARD_FAULTS'] === 'all' ? 100_000 : 20_000;

test(`case 40: a history of ${COMMITS} commits, with an octopus merge and an unrelated root, is worked on like any other`, async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'test -e other && test -e o1 && echo a > a.txt' }] });
  const who = 'a <a@example.org> 1700000000 +0000';
  const commit = (mark: number, ref: string, rest: string): string =>
    `commit ${ref}\nmark :${mark}\nauthor ${who}\ncommitter ${who}\ndata 1\nc\n${rest}`;
  const chain = Array.from({ length: COMMITS }, (_, index) =>
    commit(index + 1, 'refs/heads/long', index === 0 ? 'from refs/heads/main^0\n' : ''),
  );
  const file = (name: string): string => `M 644 inline ${name}\ndata 1\nx\n`;
  const sides = [1, 2, 3].map((side) =>
    commit(200_000 + side, `refs/heads/s${side}`, `from :${side}\n${file(`o${side}`)}`),
  );
  const stream = [
    ...chain,
    ...sides,
    `reset refs/heads/unrelated\n${commit(200_009, 'refs/heads/unrelated', file('other'))}`,
    commit(
      200_010,
      'refs/heads/agent/integration',
      `from :${COMMITS}\nmerge :200001\nmerge :200002\nmerge :200003\nmerge :200009\n${file('o1')}${file('other')}`,
    ),
  ];
  const imported = spawnSync('git', ['fast-import', '--quiet'], { cwd: made.root, input: stream.join('\n') });
  expect(imported.stderr.toString()).toBe('');
  expect(Number(made.git('rev-list', '--count', 'agent/integration'))).toBeGreaterThan(COMMITS);
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  expect(made.git('show', 'agent/integration:a.txt')).toBe('a');
});
