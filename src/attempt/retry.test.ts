import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commitFiles, listRefsOf, readFileAt, runGit } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import { currentBootId } from '../process/identity.ts';
import type { Attempted, LocalYard } from '../../test/fixtures/yard/yard.ts';

const TASK = 'TASK-1';

/** The target moves by a commit of somebody else's. */
async function moveTarget(yard: LocalYard, files: Files): Promise<string> {
  const { source } = yard.parts;
  const commit = await commitFiles(source, files, 'theirs');
  await runGit(source.path, ['branch', '-f', 'agent/integration', commit]);
  await yard.sync();
  return commit;
}

function headOfOutcome({ outcome }: Attempted): string {
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  return outcome.head;
}

const parentOf = (yard: LocalYard, commit: string) => runGit(yard.depot.path, ['rev-parse', `${commit}^`]);

test('a retry goes on in the lane, and its prompt says what failed', async () => {
  const run = 'echo "expected 2 lines"; test "$(wc -l < a)" = 2';
  const yard = await openYard({ config: { gates: { default: { run, timeout: '1m' } } } });
  await yard.add(TASK, { owns: ['a'] });
  await yard.does(
    TASK,
    'cat > "$BASE/prompt-$YARD_ATTEMPT"; [ "$YARD_ATTEMPT" = 2 ] && echo x > outside; echo line >> a; [ "$YARD_ATTEMPT" = 3 ] && rm outside || true',
  );
  const outcomes = [];
  for (let n = 1; n <= 4; n += 1) outcomes.push((await yard.attempt(TASK)).outcome?.kind);
  expect(outcomes).toEqual(['gate-red', 'scope', 'gate-red', 'gate-red']);
  const prompt = (n: number): string => readFileSync(yard.path(`prompt-${n}`), 'utf8');
  expect(prompt(1)).toContain(`Do ${TASK}.`);
  expect(prompt(1)).not.toContain('What happened before');
  expect(prompt(2)).toContain('expected 2 lines');
  expect(prompt(3)).toMatch(/Outside of what the task owns:[\s\S]*outside/);
  expect(yard.evidence(TASK, 3, 'prompt.md')).toBe(prompt(3));
  expect(await yard.status(TASK)).toBe('parked');
  expect(Object.keys(await listRefsOf(yard.depot.path, 'refs/yard/salvage/'))).toEqual(
    [1, 2, 3].map((n) => `refs/yard/salvage/${TASK}/${n}`),
  );
});

test('a newer base: the work is carried over to it', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(
    TASK,
    'echo "$YARD_BASE_SHA" >> "$BASE/bases"; [ "$YARD_ATTEMPT" = 1 ] && { echo mine > a; exit 1; } || test -e theirs && echo two >> a',
  );
  await yard.attempt(TASK);
  const newer = await moveTarget(yard, { theirs: 'x\n' });
  const head = headOfOutcome(await yard.attempt(TASK));
  expect(yard.lines('bases')).toEqual([yard.parts.base, newer]);
  expect(await parentOf(yard, head)).toBe(newer);
  expect(await readFileAt(yard.depot.path, head, 'a')).toBe('mine\ntwo\n');
  expect(await readFileAt(yard.depot.path, head, 'theirs')).toBe('x\n');
});

test('a newer base that conflicts: both sides are in the lane and in the prompt, and markers are not accepted', async () => {
  const yard = await openYard({ files: { a: 'base\n' } });
  await yard.add(TASK);
  await yard.does(
    TASK,
    'cat > "$BASE/prompt-$YARD_ATTEMPT"; case $YARD_ATTEMPT in 1) echo mine > a; exit 1;; 2) grep -q "<<<<<<<" a; echo x > b;; 3) printf "theirs\\nmine\\n" > a;; esac',
  );
  await yard.attempt(TASK);
  const newer = await moveTarget(yard, { a: 'theirs\n' });
  const second = await yard.attempt(TASK);
  expect(second.outcome).toMatchObject({ kind: 'conflict', paths: ['a'] });
  expect(readFileSync(yard.path('prompt-2'), 'utf8')).toMatch(/Resolve this conflict first[\s\S]*`a`[\s\S]*\+theirs/);
  const third = await yard.attempt(TASK);
  expect(readFileSync(yard.path('prompt-3'), 'utf8')).toContain('Resolve this conflict first');
  const head = headOfOutcome(third);
  expect(await parentOf(yard, head)).toBe(newer);
  expect(await readFileAt(yard.depot.path, head, 'a')).toBe('theirs\nmine\n');
});

test('work that came to the target meanwhile is no change any more', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(TASK, 'echo same > a; [ "$YARD_ATTEMPT" = 2 ]');
  await yard.attempt(TASK);
  await moveTarget(yard, { a: 'same\n' });
  expect((await yard.attempt(TASK)).outcome).toEqual({ kind: 'no-change' });
});

test('what the train said of it is in the prompt, until it is accepted again', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(TASK, 'cat > "$BASE/prompt-$YARD_ATTEMPT"; echo "$YARD_ATTEMPT" > a; test "$YARD_ATTEMPT" != 2');
  await yard.attempt(TASK);
  await yard.store.transition(TASK, { kind: 'boarded' });
  await yard.store.transition(TASK, { kind: 'blamed', why: 'red', detail: 'the combination broke' });
  for (let n = 2; n <= 3; n += 1) {
    await yard.attempt(TASK);
    expect(readFileSync(yard.path(`prompt-${n}`), 'utf8')).toMatch(
      /Sent back from the merge train[\s\S]*the combination broke/,
    );
  }
  await yard.store.transition(TASK, { kind: 'boarded' });
  await yard.store.transition(TASK, { kind: 'conflicted', why: 'x', detail: 'y' });
  await yard.attempt(TASK);
  expect(readFileSync(yard.path('prompt-4'), 'utf8')).not.toContain('Sent back');
});

test('a lane with more than git can hold is kept whole, and its work goes on', async () => {
  const yard = await openYard();
  await yard.add(TASK);
  await yard.does(
    TASK,
    '[ "$YARD_ATTEMPT" = 1 ] || { echo two >> a; exit 0; }; echo one > a; rm -rf .git; git init -q inner; exit 1',
  );
  await yard.attempt(TASK);
  await moveTarget(yard, { theirs: 'x\n' });
  const head = headOfOutcome(await yard.attempt(TASK));
  expect(await readFileAt(yard.depot.path, head, 'a')).toBe('one\ntwo\n');
  expect(existsSync(join(yard.stateDirectory, `attempts/${TASK}/2/lane-of-1/inner`))).toBe(true);
});

/** An attempt whose work stands at its gate when the machine fails; the next one enters there. */
async function atItsGate(yard: LocalYard): Promise<string> {
  await yard.does(TASK, 'echo "$YARD_ATTEMPT" > a');
  const first = await yard.attempt(TASK);
  expect(first.outcome).toMatchObject({ kind: 'infrastructure' });
  const { entry } = (await yard.state(TASK)) as { entry?: { phase: string; head?: string } };
  expect(entry).toMatchObject({ phase: 'gating' });
  return entry?.head ?? '';
}

const KILLED_ONCE = 'test -e ../../../killed || { touch ../../../killed; kill -9 $$; }';
const killedOnce = { gates: { default: { run: KILLED_ONCE, timeout: '1m' } } };

test('what stood at its gate when the machine failed goes on there, without another turn of the agent', async () => {
  const yard = await openYard({ config: killedOnce });
  await yard.add(TASK);
  const head = await atItsGate(yard);
  expect((await yard.attempt(TASK)).outcome).toEqual({ kind: 'accepted', head });
});

test('… unless the task was edited meanwhile: then it is made anew', async () => {
  const yard = await openYard({ config: killedOnce });
  await yard.add(TASK);
  const head = await atItsGate(yard);
  await yard.add(TASK, { objective: 'Something else.' });
  const again = headOfOutcome(await yard.attempt(TASK));
  expect(again).not.toBe(head);
  expect(await readFileAt(yard.depot.path, again, 'a')).toBe('2\n');
});

test('… or what it changes is protected by now: then a person is asked', async () => {
  const yard = await openYard({ config: killedOnce });
  await yard.add(TASK);
  await atItsGate(yard);
  const second = await yard.attempt(TASK, yard.pinWith({ ...killedOnce, protected: ['a'] }));
  expect(second.outcome).toMatchObject({ kind: 'needs-approval', paths: ['a'] });
});

test('an approval covers what was looked at: what a later attempt makes of the path needs another one', async () => {
  const yard = await openYard({ config: { gates: { default: { run: 'test -e ok', timeout: '1m' } } } });
  await yard.add(TASK);
  await yard.does(
    TASK,
    'mkdir -p .yard; case $YARD_ATTEMPT in 1) echo one ;; 3) echo two ;; 5) echo two; : > ok ;; esac > .yard/gate.sh',
  );
  const first = await yard.attempt(TASK);
  expect(first.outcome).toMatchObject({ kind: 'needs-approval', paths: ['.yard/gate.sh'] });
  const approve = async ({ outcome }: Attempted): Promise<void> => {
    if (outcome?.kind !== 'needs-approval') throw new Error(JSON.stringify(outcome));
    await yard.store.approve(TASK, outcome.hash);
  };
  await approve(first);
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'gate-red' });
  const third = await yard.attempt(TASK);
  expect(third.outcome).toMatchObject({ kind: 'needs-approval', paths: ['.yard/gate.sh'] });
  expect(third.outcome).not.toMatchObject({ hash: first.outcome?.kind === 'needs-approval' && first.outcome.hash });
  await approve(third);
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'gate-red' });
  // The same content once more: nobody is asked.
  expect((await yard.attempt(TASK)).outcome).toMatchObject({ kind: 'accepted' });
});

test('an agent that takes over from another one is told so, and finds its work in the lane', async () => {
  const agents = {
    script: { kind: 'command', run: 'echo mine > a; exit 1' },
    other: { kind: 'command', run: 'cat a > b' },
  };
  const yard = await openYard({ config: { agents } });
  await yard.add(TASK);
  await yard.attempt(TASK);
  expect(yard.evidence(TASK, 1, 'prompt.md')).not.toContain('take over');
  const options = { agent: 'other', bootId: currentBootId(), expiresMonotonicMs: Infinity };
  const dispatched = await yard.store.dispatch(await yard.scheduler(), TASK, options);
  await yard.run(await yard.context(TASK, dispatched));
  expect(yard.evidence(TASK, 2, 'prompt.md')).toMatch(/You take over from another agent[\s\S]*`script`[\s\S]*`other`/);
  const outcome = await yard.outcome(TASK, 2);
  if (outcome?.kind !== 'accepted') throw new Error(JSON.stringify(outcome));
  expect(await readFileAt(yard.depot.path, outcome.head, 'b')).toBe('mine\n');
});

test('an agent that took no turn of its own hands nothing over', async () => {
  const pool = 'team';
  const agents = {
    script: { kind: 'command', run: 'echo mine > a; exit 1', pool },
    idle: { kind: 'command', run: 'exit 1', pool },
    last: { kind: 'command', run: 'cat a > b' },
  };
  const yard = await openYard({ config: { agents, pools: { team: { dailyTurns: 1 } } } });
  await yard.add(TASK);
  for (const agent of ['script', 'idle', 'last']) {
    const options = { agent, bootId: currentBootId(), expiresMonotonicMs: Infinity };
    const dispatched = await yard.store.dispatch(await yard.scheduler(), TASK, options);
    await yard.run(await yard.context(TASK, dispatched));
  }
  expect(await yard.outcome(TASK, 2)).toMatchObject({ kind: 'provider', pool });
  expect(yard.evidence(TASK, 3, 'prompt.md')).toMatch(/Until now `script` worked on this task; you are `last`/);
});
