import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import type { TaskStatus } from '../core/task-state.ts';
import { LocalTaskSource } from './local-files.ts';
import type { KnownTask, TaskChanges } from './tracker.ts';

/** A working tree and the rows that a store would have after each import. */
class Yard {
  readonly root: string;
  readonly rows = new Map<string, KnownTask>();
  source: LocalTaskSource;

  constructor(root: string) {
    this.root = root;
    this.source = new LocalTaskSource(root);
  }

  async write(name: string, id: string, title = 'A title'): Promise<void> {
    await this.writeRaw(name, `---\nid: ${id}\ntitle: ${title}\n---\n\n## Objective\n\nDo it.\n`);
  }

  async writeRaw(name: string, content: string | Buffer): Promise<void> {
    await writeFile(this.path(name), content);
  }

  path(name: string): string {
    return join(this.root, '.yard/tasks', name);
  }

  /** Asks, and does with the answer what the store would. */
  async import(): Promise<TaskChanges> {
    const changes = await this.source.changes([...this.rows.values()]);
    for (const { spec, source } of changes.imports) {
      const state = this.rows.get(spec.id)?.state ?? { status: 'ready' as const };
      this.rows.set(spec.id, { id: spec.id, state, source });
    }
    return changes;
  }

  mark(id: string, status: TaskStatus): void {
    this.rows.set(id, { ...(this.rows.get(id) as KnownTask), state: { status } });
  }
}

async function yard(...ids: string[]): Promise<Yard> {
  const root = await useTemporaryDirectory('tasks');
  await mkdir(join(root, '.yard/tasks'), { recursive: true });
  const made = new Yard(root);
  for (const id of ids) await made.write(`${id}-a.md`, id);
  return made;
}

const ids = ({ imports }: TaskChanges): string[] => imports.map(({ spec }) => spec.id);
const codes = ({ problems }: TaskChanges): string[] => problems.map(({ code }) => code);
const nothing = { imports: [], removed: [], problems: [], warnings: [] };

describe('imports', () => {
  test('new files, by name, once', async () => {
    const made = await yard('B-2', 'A-1');
    const changes = await made.import();
    expect(ids(changes)).toEqual(['A-1', 'B-2']);
    expect(changes.imports[0]).toMatchObject({ spec: { title: 'A title' }, source: { path: '.yard/tasks/A-1-a.md' } });
    expect(changes.imports[0]?.source.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await made.import()).toEqual(nothing);
  });

  test('again as long as nobody has imported them', async () => {
    const made = await yard('A-1');
    expect(ids(await made.source.changes([]))).toEqual(['A-1']);
    expect(ids(await made.source.changes([]))).toEqual(['A-1']);
  });

  test('an edit, of the same size and within the same tick too', async () => {
    const made = await yard('A-1');
    await made.import();
    await made.write('A-1-a.md', 'A-1', 'B title');
    expect((await made.import()).imports[0]?.spec.title).toBe('B title');
    await made.write('A-1-a.md', 'A-1', 'C title');
    expect((await made.import()).imports[0]?.spec.title).toBe('C title');
  });

  test('an edit that keeps size and time stamp of an old file', async () => {
    const made = await yard('A-1');
    const old = new Date('2020-01-01');
    await utimes(made.path('A-1-a.md'), old, old);
    await made.import();
    await made.write('A-1-a.md', 'A-1', 'B title');
    await utimes(made.path('A-1-a.md'), old, old);
    expect((await made.import()).imports[0]?.spec.title).toBe('B title');
  });

  test('a touched file is no change', async () => {
    const made = await yard('A-1');
    await made.import();
    await utimes(made.path('A-1-a.md'), new Date(), new Date());
    expect(await made.import()).toEqual(nothing);
  });

  test('another process finds nothing to import in what is imported', async () => {
    const made = await yard('A-1', 'B-2');
    await made.import();
    made.source = new LocalTaskSource(made.root);
    expect(await made.import()).toEqual(nothing);
  });

  test('what another process has imported meanwhile is not taken back', async () => {
    const made = await yard('A-1');
    await made.import();
    await made.write('A-1-a.md', 'A-1', 'B title');
    const other = new LocalTaskSource(made.root);
    const [imported] = (await other.changes([...made.rows.values()])).imports;
    made.rows.set('A-1', { id: 'A-1', state: { status: 'ready' }, source: imported?.source ?? null });
    expect(await made.import()).toEqual(nothing);
  });

  test('a renamed file keeps its task', async () => {
    const made = await yard('A-1');
    await made.import();
    await rename(made.path('A-1-a.md'), made.path('A-1-b.md'));
    const changes = await made.import();
    expect(changes).toMatchObject({
      imports: [{ source: { path: '.yard/tasks/A-1-b.md' } }],
      removed: [],
      problems: [],
    });
  });

  test('final tasks are left alone, edited, renamed and removed', async () => {
    const made = await yard('A-1', 'B-2', 'C-3');
    await made.import();
    made.mark('A-1', 'landed');
    made.mark('B-2', 'cancelled');
    made.mark('C-3', 'superseded');
    await made.write('A-1-a.md', 'A-1', 'edited');
    await rename(made.path('B-2-a.md'), made.path('B-2-b.md'));
    await rm(made.path('C-3-a.md'));
    expect(await made.import()).toEqual(nothing);
    expect(await made.source.changes([])).toEqual(nothing);
    made.source = new LocalTaskSource(made.root);
    expect(await made.import()).toEqual(nothing);
  });

  test('a row that is no longer told has become final', async () => {
    const made = await yard('A-1', 'B-2');
    await made.import();
    await made.import();
    const live = [...made.rows.values()].filter(({ id }) => id === 'B-2');
    expect(await made.source.changes(live)).toEqual(nothing);
    expect(await made.source.changes(live)).toEqual(nothing);
  });

  test('a task without a file gets the one that appears', async () => {
    const made = await yard('A-1');
    made.rows.set('A-1', { id: 'A-1', state: { status: 'ready' }, source: null });
    expect(ids(await made.import())).toEqual(['A-1']);
  });

  test('other files are none of its business', async () => {
    const made = await yard('A-1');
    for (const name of ['README.md', '.#A-1-a.md', 'notes.txt', '.tmp-1.md']) await made.writeRaw(name, 'x');
    expect(await made.import()).toMatchObject({ imports: [{ spec: { id: 'A-1' } }], problems: [] });
  });

  test('more files than one call looks at', async () => {
    const many = Array.from({ length: 1_500 }, (_, index) => `T-${index}`);
    const made = await yard(...many);
    expect((await made.import()).imports).toHaveLength(1_500);
    await made.write('T-1499-a.md', 'T-1499', 'edited');
    const seen = [...ids(await made.import()), ...ids(await made.import()), ...ids(await made.import())];
    expect(seen).toEqual(['T-1499']);
  });
});

describe('removed', () => {
  test('tasks whose file has gone, and only those', async () => {
    const made = await yard('A-1', 'B-2');
    made.rows.set('C-3', { id: 'C-3', state: { status: 'ready' }, source: null });
    await made.import();
    await rm(made.path('A-1-a.md'));
    expect((await made.import()).removed).toEqual(['A-1']);
    made.mark('A-1', 'cancelled');
    expect(await made.import()).toEqual(nothing);
  });

  test('a task whose file says another id by now', async () => {
    const made = await yard();
    await made.write('free.md', 'A-1');
    await made.import();
    await made.write('free.md', 'B-2');
    expect(await made.import()).toMatchObject({ imports: [{ spec: { id: 'B-2' } }], removed: ['A-1'] });
  });

  test('not when the file is there and broken', async () => {
    const made = await yard('A-1');
    await made.import();
    await made.writeRaw('A-1-a.md', 'broken');
    expect(await made.import()).toMatchObject({ removed: [], problems: [{ code: 'task-front-matter' }] });
    await rename(made.path('A-1-a.md'), made.path('A-1-b.md'));
    expect(await made.import()).toMatchObject({ removed: [] });
  });

  test('not when the whole directory has gone: another branch is checked out', async () => {
    const made = await yard('A-1');
    await made.import();
    await rename(join(made.root, '.yard'), join(made.root, 'away'));
    expect(await made.import()).toMatchObject({ removed: [], warnings: ['.yard/tasks has gone; its tasks are kept'] });
    await rename(join(made.root, 'away'), join(made.root, '.yard'));
    expect(await made.import()).toEqual(nothing);
  });

  test('a repository without tasks has nothing to say', async () => {
    expect(await new LocalTaskSource(await useTemporaryDirectory()).changes([])).toEqual(nothing);
  });
});

describe('problems', () => {
  test('a broken file, told each time, hinders no other', async () => {
    const made = await yard('A-1');
    await made.writeRaw('B-2.md', '---\nid: [\n---\n');
    const changes = await made.import();
    expect(ids(changes)).toEqual(['A-1']);
    expect(changes.problems[0]).toMatchObject({ code: 'task-yaml', place: { file: '.yard/tasks/B-2.md', line: 3 } });
    expect(codes(await made.import())).toEqual(['task-yaml']);
    await made.write('B-2.md', 'B-2');
    expect(await made.import()).toMatchObject({ imports: [{ spec: { id: 'B-2' } }], problems: [] });
  });

  test.each([
    ['the same id', 'A-1'],
    ['an id that differs in case', 'a-1'],
  ])('%s in two new files: neither is taken', async (_name, second) => {
    const made = await yard();
    await made.write('one.md', 'A-1');
    await made.write('two.md', second);
    const changes = await made.import();
    expect(changes.imports).toEqual([]);
    expect(changes.problems.map(({ code, message }) => ({ code, message }))).toEqual([
      { code: 'task-duplicate-id', message: '.yard/tasks/one.md: its id is also that of .yard/tasks/two.md' },
    ]);
  });

  test('a second file of a known task: the first stays', async () => {
    const made = await yard();
    await made.write('two.md', 'A-1');
    await made.import();
    await made.write('one.md', 'a-1');
    const changes = await made.import();
    expect(changes).toMatchObject({ imports: [], removed: [] });
    expect(changes.problems.map(({ message }) => message)).toEqual([
      '.yard/tasks/one.md: its id is also that of .yard/tasks/two.md',
    ]);
    await made.write('two.md', 'A-1', 'edited');
    expect(ids(await made.import())).toEqual(['A-1']);
  });

  test('a second file of a final task', async () => {
    const made = await yard('A-1');
    await made.import();
    made.mark('A-1', 'landed');
    await made.write('again.md', 'A-1');
    expect(await made.import()).toMatchObject({ imports: [], problems: [{ code: 'task-duplicate-id' }] });
  });

  test('an id that differs only in case from one without a file', async () => {
    const made = await yard('a-1');
    made.rows.set('A-1', { id: 'A-1', state: { status: 'ready' }, source: null });
    expect(await made.import()).toMatchObject({ imports: [], problems: [{ code: 'task-duplicate-id' }] });
  });

  test('what is no regular file: a link, a directory, a pipe', async () => {
    const made = await yard('A-1');
    await symlink(made.path('A-1-a.md'), made.path('link.md'));
    await mkdir(made.path('directory.md'));
    execFileSync('mkfifo', [made.path('pipe.md')]);
    const changes = await made.import();
    expect(ids(changes)).toEqual(['A-1']);
    expect(codes(changes)).toEqual(['task-not-a-file', 'task-not-a-file', 'task-not-a-file']);
  });

  test('what is too large, or no text', async () => {
    const made = await yard();
    await made.writeRaw('large.md', Buffer.alloc(1024 * 1024 + 1, 'x'));
    await made.writeRaw('binary.md', Buffer.from([0xff, 0xfe]));
    expect(codes(await made.import())).toEqual(['task-encoding', 'task-too-large']);
  });

  test('a name with a control character is told inertly', async () => {
    const made = await yard();
    await made.write('a\u001b]0;x.md', 'A-1');
    const { problems } = await made.import();
    expect(problems[0]?.message).toContain('\\u001b');
    expect(problems[0]?.message).not.toContain('\u001b');
  });

  test('a link in place of the directory', async () => {
    const made = await yard('A-1');
    await rename(made.path(''), join(made.root, 'elsewhere'));
    await symlink(join(made.root, 'elsewhere'), join(made.root, '.yard/tasks'));
    await expect(made.import()).rejects.toMatchObject({ code: 'task-not-a-file' });
  });

  test('warnings of a file that is read', async () => {
    const made = await yard();
    await made.writeRaw('a.md', '---\nid: A-1\ntitle: t\nowner: me\n---\nDo it.\n');
    expect((await made.import()).warnings).toEqual([
      '.yard/tasks/a.md:4:1: unknown key "owner"; it is passed on to the agent',
    ]);
  });
});
