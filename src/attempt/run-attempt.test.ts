import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listFilesAt, readFileAt, runGit } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { YardSetup } from '../../test/fixtures/yard/yard.ts';
import type { TaskSpec } from '../core/task.ts';

const TASK = 'TASK-1';

/** One attempt of one task, by an agent that runs this script. */
async function attempt(script: string, setup: YardSetup & { readonly task?: Partial<TaskSpec> } = {}) {
  const yard = await openYard(setup);
  await yard.add(TASK, setup.task);
  await yard.does(TASK, script);
  const attempted = await yard.attempt(TASK);
  expect(attempted.end).toBe('finished');
  return { yard, ...attempted, evidence: readdirSync(join(yard.stateDirectory, `attempts/${TASK}/1`)).toSorted() };
}

const gateOf = (run: string) => ({ config: { gates: { default: { run, timeout: '1m' } } } });

test('accepted: one commit on the base, gated as it is, with all evidence written', async () => {
  const { yard, outcome, evidence } = await attempt(
    'echo new > new.txt; rm old.txt; git add -A; git commit -qm mine; echo more >> new.txt; echo junk > x.log; echo hello',
    {
      files: { 'old.txt': 'old\n', '.gitignore': '*.log\n' },
      ...gateOf('test -e new.txt && test ! -e old.txt && test ! -e x.log'),
    },
  );
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  expect(await yard.state(TASK)).toEqual({ status: 'accepted', attempt: 1, head: outcome.head });
  expect(await listFilesAt(yard.depot.path, outcome.head)).toEqual([
    '100644 .gitignore',
    '100644 README.md',
    '100644 new.txt',
  ]);
  expect(await readFileAt(yard.depot.path, outcome.head, 'new.txt')).toBe('new\nmore\n');
  const commit = await runGit(yard.depot.path, [
    'log',
    '-1',
    '--format=%P|%an|%s|%(trailers:key=Yard-Task,valueonly)',
    outcome.head,
  ]);
  expect(commit.trim()).toBe(`${yard.parts.base}|Yardmaster|Title of ${TASK}|${TASK}`);
  expect(evidence).toEqual(
    [
      'audit.json',
      'cell.json',
      'diff.patch',
      'gate.json',
      'gate.log',
      'manifest.json',
      'outcome.json',
      'packet.json',
      'prompt.md',
      'transcript.ndjson',
    ].toSorted(),
  );
  expect(yard.evidenceJson(TASK, 1, 'gate.json')).toMatchObject({ kind: 'green', head: outcome.head });
  expect(yard.evidenceJson(TASK, 1, 'audit.json')).toEqual({ audit: 'off', head: outcome.head });
  expect(yard.evidenceJson(TASK, 1, 'packet.json')).toMatchObject({ task: TASK, attempt: 1, source: 'host' });
  expect(yard.evidence(TASK, 1, 'transcript.ndjson')).toContain('"text":"hello"');
  expect(await yard.record(TASK, 1)).toMatchObject({ phase: 'finished', base: yard.parts.base, head: outcome.head });
  const phases = (await yard.events('attempt.phase', TASK)).map(({ data }) => (data as { phase: string }).phase);
  expect(phases).toEqual(['implementing', 'collecting', 'gating', 'auditing', 'deciding']);
  expect(await yard.store.lease(`task:${TASK}`)).toBeNull();
  expect(readdirSync(join(yard.stateDirectory, 'tmp'))).toEqual([]);
});

test('the agent is told the task as data too', async () => {
  const { yard } = await attempt('cp "$YARD_TASK" "$BASE/told"; echo x > a', { task: { owns: ['a'] } });
  const task = await yard.store.task(TASK);
  expect(JSON.parse(yard.lines('told').join('\n'))).toEqual(task?.spec);
});

test('gate-red: the summary and the end of the log, made inert', async () => {
  const { yard, outcome } = await attempt('echo x > a', gateOf('printf "\\033[31mthe reason\\n"; exit 5'));
  expect(outcome).toMatchObject({ kind: 'gate-red' });
  if (outcome?.kind !== 'gate-red') return;
  expect(outcome.summary).toContain('exited with 5');
  expect(outcome.logTail).toContain('the reason');
  expect(outcome.logTail).not.toContain('\u001b');
  expect(yard.evidenceJson(TASK, 1, 'gate.json')).toMatchObject({ kind: 'red' });
  expect(await yard.status(TASK)).toBe('ready');
  expect((await yard.store.task(TASK))?.counters.retries).toBe(1);
});

test('scope: outside of what it owns, and what it must not touch', async () => {
  const { yard, outcome, evidence } = await attempt(
    'mkdir src; echo x > src/a; echo x > src/b; echo y > c; rm README.md',
    {
      task: { owns: ['src/**'], forbids: ['src/b'] },
    },
  );
  expect(outcome).toEqual({
    kind: 'scope',
    violations: [
      { path: 'README.md', why: 'outside' },
      { path: 'c', why: 'outside' },
      { path: 'src/b', why: 'forbidden' },
    ],
  });
  expect(evidence).toContain('diff.patch');
  expect(evidence).not.toContain('gate.log');
  expect(await yard.status(TASK)).toBe('ready');
});

test.each([
  ['nothing was done', 'true'],
  ['only what is ignored was made', 'mkdir -p out; echo x > out/file'],
  [
    'it was done and undone',
    'echo x > README.md; git checkout -q README.md 2>/dev/null || printf "A project.\\n" > README.md',
  ],
])('no-change: %s', async (_, script) => {
  const { outcome, evidence } = await attempt(script, { files: { '.gitignore': 'out/\n' } });
  expect(outcome).toEqual({ kind: 'no-change' });
  expect(evidence).toContain('outcome.json');
});

test('no-packet: the agent failed; what it did is kept in the lane', async () => {
  const { yard, outcome } = await attempt('echo x > a; echo why >&2; exit 2');
  expect(outcome).toMatchObject({ kind: 'no-packet', outputTail: 'why\n' });
  expect(existsSync(join(yard.stateDirectory, `lanes/${TASK}/a`))).toBe(true);
});

test.each([
  ['BLOCKED.md and exit 0', 'echo x > a; printf "Which one?\\n\\033[2J" > BLOCKED.md'],
  ['BLOCKED.md and another exit code', 'echo "Which one?" > BLOCKED.md; exit 1'],
  ['the result file', 'echo \'{"question": "Which one?"}\' > "$YARD_RESULT"'],
])('question: by %s', async (_, script) => {
  const { yard, outcome } = await attempt(script);
  expect(outcome).toEqual({ kind: 'question', text: 'Which one?' });
  expect(await yard.status(TASK)).toBe('blocked');
});

test('a BLOCKED.md that cannot be read is a question too, and is gone in the next attempt', async () => {
  const { yard, outcome } = await attempt('[ "$YARD_ATTEMPT" = 1 ] && mkdir -p BLOCKED.md/x || echo x > a');
  expect(outcome).toMatchObject({ kind: 'question' });
  await yard.store.answer(TASK, 'Go on.');
  const second = await yard.attempt(TASK);
  expect(second.outcome).toMatchObject({ kind: 'accepted' });
});

test('an answer reaches the next attempt, which goes on in the lane; the question is not committed', async () => {
  const { yard } = await attempt(
    'if [ "$YARD_ATTEMPT" = 1 ]; then echo one > a; echo Which? > BLOCKED.md; else cat > "$BASE/prompt"; echo two >> a; fi',
  );
  await yard.store.answer(TASK, 'The blue one.');
  const { outcome } = await yard.attempt(TASK);
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  expect(await listFilesAt(yard.depot.path, outcome.head)).toEqual(['100644 README.md', '100644 a']);
  expect(await readFileAt(yard.depot.path, outcome.head, 'a')).toBe('one\ntwo\n');
  expect(yard.lines('prompt').join('\n')).toMatch(/Which\?[\s\S]*The blue one\./);
});

test.each([
  ['a file', { 'BLOCKED.md': 'Ours.\n' }, 'BLOCKED.md'],
  ['a directory', { 'BLOCKED.md/why': 'Ours.\n' }, 'BLOCKED.md/why'],
])(
  'a BLOCKED.md of the project itself, %s, is no question: it is there, and can be worked on',
  async (_, files, path) => {
    const { yard, outcome } = await attempt(`grep -q Ours ${path}; echo More. >> ${path}`, { files });
    if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
    expect(await readFileAt(yard.depot.path, outcome.head, path)).toBe('Ours.\nMore.\n');
    expect(await yard.status(TASK)).toBe('accepted');
  },
);

test('needs-approval: once that very content is approved, the gate is next, with the same head', async () => {
  const { yard, outcome } = await attempt(
    'echo x >> "$BASE/ran"; echo "{}" > .mcp.json; echo y > a',
    gateOf('echo gate >> "$(dirname "$PWD")/../../gated"'),
  );
  if (outcome?.kind !== 'needs-approval') throw new Error(JSON.stringify(outcome));
  expect(outcome.paths).toEqual(['.mcp.json']);
  expect(yard.lines('gated')).toEqual([]);
  await expect(yard.store.approve(TASK, 'f'.repeat(64))).rejects.toMatchObject({ code: 'hash-mismatch' });
  await yard.store.approve(TASK, outcome.hash);
  const second = await yard.attempt(TASK);
  expect(second.outcome).toEqual({ kind: 'accepted', head: outcome.head });
  expect(yard.lines('ran')).toHaveLength(1);
  expect(yard.lines('gated')).toHaveLength(1);
});

test('an approval covers that content only', async () => {
  const { yard, outcome } = await attempt('echo "$YARD_ATTEMPT" > .mcp.json; echo y > a', gateOf('exit 1'));
  if (outcome?.kind !== 'needs-approval') throw new Error(JSON.stringify(outcome));
  await yard.store.approve(TASK, outcome.hash);
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'gate-red' });
  const third = await yard.attempt(TASK);
  expect(third.outcome).toMatchObject({ kind: 'needs-approval' });
  expect(third.outcome?.kind === 'needs-approval' && third.outcome.hash).not.toBe(outcome.hash);
});

test.each([
  ['a nested repository', 'git init -q inner; echo x > inner/a'],
  ['a submodule that is filled', 'echo x > sub/a'],
])('policy: %s', async (_, script) => {
  const yard = await openYard();
  const { source } = yard.parts;
  await runGit(source.path, ['update-index', '--add', '--cacheinfo', `160000,${yard.parts.base},sub`]);
  await runGit(source.path, ['commit', '-qm', 'submodule']);
  await runGit(source.path, ['branch', '-f', 'agent/integration', 'main']);
  await yard.sync();
  await yard.add(TASK);
  await yard.does(TASK, script);
  const { outcome } = await yard.attempt(TASK);
  expect(outcome).toMatchObject({ kind: 'policy' });
  expect(await yard.status(TASK)).toBe('parked');
});

test('infrastructure: the program is not there, a file to provide is missing, the prewarm fails', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(TASK, 'echo x > a');
  const agents = { script: { kind: 'command', run: ['/nonexistent/program'] } };
  const provision = [{ source: '.env', required: true }];
  const prewarm = [{ run: 'echo no network; exit 1', key: ['lock'], outputs: ['out'] }];
  for (const config of [{ agents }, { provision }, { prewarm }]) {
    const { outcome } = await yard.attempt(TASK, yard.pinWith(config));
    expect(outcome).toMatchObject({ kind: 'infrastructure' });
    expect(await yard.state(TASK)).toMatchObject({ status: 'ready' });
  }
  expect((await yard.store.task(TASK))?.counters).toMatchObject({ retries: 0, infrastructure: 3 });
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
});

test('integrity: the lane was replaced under the agent’s hands', async () => {
  const { yard, outcome } = await attempt('here=$PWD; cd ..; rm -rf "$here"; ln -s / "$here"');
  expect(outcome).toMatchObject({ kind: 'integrity' });
  expect(await yard.status(TASK)).toBe('parked');
});

test('what is provided and prewarmed is there for agent and gate, and is never committed', async () => {
  const yard = await openYard({ files: { '.gitignore': '.env\nmodules/\n' } });
  await writeFile(join(yard.parts.source.path, '.env'), 'A=1\n');
  const check = 'grep -q A=1 .env && test -e modules/tool';
  const pin = yard.pinWith({
    gates: { default: { run: check, timeout: '1m' } },
    provision: [{ source: '.env', required: true }],
    prewarm: [{ run: 'mkdir modules; echo x > modules/tool', key: ['README.md'], outputs: ['modules'] }],
  });
  await yard.add(TASK);
  await yard.does(TASK, `${check}; rm .gitignore; echo secret >> .env; echo x > a`);
  const { outcome } = await yard.attempt(TASK, pin);
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  expect(await listFilesAt(yard.depot.path, outcome.head)).toEqual(['100644 README.md', '100644 a']);
});

test('a link that the agent left where a provided file goes is not followed in the next attempt', async () => {
  const yard = await openYard({ files: { '.gitignore': '.env\n', 'config/x': 'x\n' } });
  await writeFile(join(yard.parts.source.path, '.env'), 'A=1\n');
  await mkdir(yard.path('outside'));
  const pin = yard.pinWith({ provision: [{ source: '.env', target: 'config/.env', required: true }] });
  await yard.add(TASK);
  await yard.does(TASK, 'rm -rf config; ln -s "$BASE/outside" config; exit 1');
  expect((await yard.attempt(TASK, pin)).outcome).toMatchObject({ kind: 'no-packet' });
  expect((await yard.attempt(TASK, pin)).outcome).toMatchObject({ kind: 'no-packet' });
  expect(readdirSync(yard.path('outside'))).toEqual([]);
});
