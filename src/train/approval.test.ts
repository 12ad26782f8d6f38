import { expect, test } from 'vitest';
import { commitFiles, readFileAt } from '../../test/fixtures/git/repository.ts';
import type { Files } from '../../test/fixtures/git/repository.ts';
import { openYard } from '../../test/fixtures/yard/yard.ts';
import type { LocalYard } from '../../test/fixtures/yard/yard.ts';
import type { BlockedOn } from '../core/task-state.ts';

const CONFIG = '.yard/config.yaml';
const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
/** The configuration with some of its lines replaced. */
const configWith = (changed: Record<number, string>): string =>
  `${LINES.map((line, index) => changed[index] ?? line).join('\n')}\n`;

const openProtected = (): Promise<LocalYard> =>
  openYard({ files: { [CONFIG]: configWith({}), '.mcp.json': '{}\n', 'src/a': 'a\n' } });

async function waiting(yard: LocalYard, taskId: string): Promise<BlockedOn & { kind: 'approval' }> {
  const state = await yard.state(taskId);
  if (state.status !== 'blocked' || state.on.kind !== 'approval') throw new Error(JSON.stringify(state));
  return state.on;
}

/** Writes the files in a first attempt, has what they change approved, and is accepted by the second. */
async function approvedWork(yard: LocalYard, taskId: string, script: string): Promise<void> {
  await yard.add(taskId);
  await yard.does(taskId, script);
  expect((await yard.attempt(taskId)).outcome).toMatchObject({ kind: 'needs-approval' });
  await yard.store.approve(taskId, (await waiting(yard, taskId)).hash);
  expect((await yard.attempt(taskId)).outcome).toMatchObject({ kind: 'accepted' });
}

const editLine = (line: number, text: string): string => `sed -i '${line + 1}s/.*/${text}/' ${CONFIG}`;

async function commitOnTarget(yard: LocalYard, files: Files): Promise<void> {
  await yard.git('checkout', '-q', '--detach', yard.target);
  await yard.git('update-ref', yard.target, await commitFiles(yard.parts.source, files));
}

const landedContent = (yard: LocalYard, path: string): Promise<string> =>
  readFileAt(yard.parts.source, yard.target, path);

test('two approved changes that merge into a third content wait for the approval of that one', async () => {
  const yard = await openProtected();
  await approvedWork(yard, 'TASK-1', editLine(0, 'ONE'));
  await approvedWork(yard, 'TASK-2', `${editLine(6, 'SEVEN')}; echo b > src/b`);
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-1')).toBe('landed');
  expect(await landedContent(yard, CONFIG)).toBe(configWith({ 0: 'ONE' }));

  const on = await waiting(yard, 'TASK-2');
  expect(on).toMatchObject({ paths: [CONFIG], merged: true });
  // What is looked at: the combination, on the target as it is.
  expect(await readFileAt(yard.depot.path, on.head, CONFIG)).toBe(configWith({ 0: 'ONE', 6: 'SEVEN' }));
  expect(await readFileAt(yard.depot.path, `${on.head}^`, CONFIG)).toBe(configWith({ 0: 'ONE' }));
  expect((await yard.store.task('TASK-2'))?.counters).toMatchObject({ conflicts: 0, retries: 0 });

  await yard.does('TASK-2', 'exit 1');
  await yard.store.approve('TASK-2', on.hash);
  expect((await yard.attempt('TASK-2')).outcome).toEqual({ kind: 'accepted', head: on.head });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect(await yard.status('TASK-2')).toBe('landed');
  expect(await landedContent(yard, CONFIG)).toBe(configWith({ 0: 'ONE', 6: 'SEVEN' }));
  expect(await landedContent(yard, 'src/b')).toBe('b\n');
});

test('an approved change that merges with a person’s own edit waits again, and again when that person goes on', async () => {
  const yard = await openProtected();
  await approvedWork(yard, 'TASK-1', editLine(0, 'ONE'));
  await commitOnTarget(yard, { [CONFIG]: configWith({ 6: 'mine' }) });
  await yard.train();
  const first = await waiting(yard, 'TASK-1');
  await yard.store.approve('TASK-1', first.hash);
  expect((await yard.attempt('TASK-1')).outcome).toMatchObject({ kind: 'accepted' });
  await commitOnTarget(yard, { [CONFIG]: configWith({ 3: 'mine too', 6: 'mine' }) });
  await yard.train();
  const second = await waiting(yard, 'TASK-1');
  expect(second.hash).not.toBe(first.hash);
  await yard.store.approve('TASK-1', second.hash);
  await yard.attempt('TASK-1');
  await yard.train();
  expect(await landedContent(yard, CONFIG)).toBe(configWith({ 0: 'ONE', 3: 'mine too', 6: 'mine' }));
});

test('an approved change lands as it is, whatever else the target has changed', async () => {
  const yard = await openProtected();
  await approvedWork(yard, 'TASK-1', `${editLine(0, 'ONE')}; rm .mcp.json; chmod +x ${CONFIG}`);
  await approvedWork(yard, 'TASK-2', 'mkdir -p .claude; echo x > .claude/settings.json');
  await commitOnTarget(yard, { 'src/a': 'mine\n', '.yard/tasks/x.md': 'x\n' });
  expect(await yard.train()).toEqual({ kind: 'empty' });
  expect([await yard.status('TASK-1'), await yard.status('TASK-2')]).toEqual(['landed', 'landed']);
  expect(await landedContent(yard, CONFIG)).toBe(configWith({ 0: 'ONE' }));
  expect(await yard.git('ls-tree', '-r', '--name-only', yard.target)).not.toContain('.mcp.json');
});

test('a person who has made the very same change leaves nothing to approve', async () => {
  const yard = await openProtected();
  await approvedWork(yard, 'TASK-1', `${editLine(0, 'ONE')}; ${editLine(6, 'SEVEN')}; echo b > src/b`);
  await commitOnTarget(yard, { [CONFIG]: configWith({ 0: 'ONE', 6: 'SEVEN' }) });
  await yard.train();
  expect(await yard.status('TASK-1')).toBe('landed');
});

test('what was accepted before its path was protected is asked about in the train', async () => {
  const yard = await openProtected();
  await yard.accept('TASK-1', { '.claude/settings.json': '{}\n', 'src/b': 'b\n' });
  await yard.accept('TASK-2', { 'src/c': 'c\n' });
  await yard.train();
  expect(await waiting(yard, 'TASK-1')).toMatchObject({ paths: ['.claude/settings.json'] });
  expect(await yard.status('TASK-2')).toBe('landed');
  expect(await yard.git('ls-tree', '-r', '--name-only', yard.target)).not.toContain('.claude');
});

test('refused, the combination parks the task, and nothing lands', async () => {
  const yard = await openProtected();
  await approvedWork(yard, 'TASK-1', editLine(0, 'ONE'));
  await commitOnTarget(yard, { [CONFIG]: configWith({ 6: 'mine' }) });
  await yard.train();
  await yard.store.transition('TASK-1', { kind: 'refused', why: 'no' });
  expect(await yard.status('TASK-1')).toBe('parked');
  expect(await landedContent(yard, CONFIG)).toBe(configWith({ 6: 'mine' }));
});
