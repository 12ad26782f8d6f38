import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atTerminal } from '../../../test/fixtures/yard/at-terminal.ts';
import type { Said, Terminal } from '../../../test/fixtures/yard/at-terminal.ts';
import { openDriven, schedule } from '../../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../../test/fixtures/yard/driven.ts';
import type { EditOptions } from '../tasks/edit-options.ts';
import { editCommand, priorityCommand, reassignCommand } from './edit.ts';

function edit(driven: DrivenYard, ids: readonly string[], options: EditOptions, at?: Terminal): Promise<Said> {
  return atTerminal(driven, (context) => editCommand(context, ids, options), at);
}

function fileOf(driven: DrivenYard, id: string): string {
  return join(driven.local.parts.source.path, '.yard/tasks', `${id}.md`);
}

async function textOf(driven: DrivenYard, id: string): Promise<string> {
  return readFile(fileOf(driven, id), 'utf8');
}

/** TASK-1, which waits, and TASK-2 behind it, both known to the store. */
async function waitingYard(): Promise<DrivenYard> {
  const driven = await openDriven();
  await driven.writeTask({ id: 'TASK-1', owns: ['src/'] });
  await driven.writeTask({ id: 'TASK-2', after: ['TASK-1'] });
  const scheduler = await schedule(driven.yard);
  await scheduler.cycle({ drain: true });
  return driven;
}

describe('yard edit', () => {
  test('changes the file, and the store goes by it at once', async () => {
    const driven = await waitingYard();
    const said = await edit(driven, ['task-1'], { addOwns: ['docs/'], priority: 4, title: 'Another' });
    expect(said).toMatchObject({
      code: 0,
      out: 'TASK-1: title Do TASK-1 → Another; owns + docs/; priority 0 → 4\n',
      talk: '',
    });
    const spec = { title: 'Another', owns: ['src/', 'docs/'], priority: 4 };
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec, attempts: 0 });
    expect(await textOf(driven, 'TASK-1')).toContain('priority: 4\n');
    // A run has nothing left to import.
    const [last] = await driven.store.events({ newest: true, limit: 1 });
    const again = await edit(driven, ['TASK-1'], { priority: 4 });
    expect(again.out).toBe('TASK-1 is like that already; nothing was changed\n');
    expect((await driven.store.events({ newest: true, limit: 1 }))[0]?.seq).toBe(last?.seq);
  });

  test('of a parked task says that it is still parked', async () => {
    const driven = await waitingYard();
    await driven.store.transition('TASK-1', { kind: 'parked', why: 'later' });
    const said = await edit(driven, ['TASK-1'], { priority: 4 });
    expect(said.talk).toBe('TASK-1 is still parked; put it back with: yard unpark TASK-1\n');
    expect((await edit(driven, ['TASK-1'], { priority: 5, json: true })).talk).toBe('');
  });

  test('several tasks at once: all, or none', async () => {
    const driven = await waitingYard();
    const refused = await edit(driven, ['TASK-2', 'TASK-1'], { dropOwns: ['src/'] });
    expect(refused.error).toMatchObject({ code: 'no-such-entry', message: 'TASK-2 has no "src/" in owns' });
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec: { owns: ['src/'] } });
    const said = await edit(driven, ['TASK-1', 'TASK-2'], { area: 'cli', json: true });
    expect(JSON.parse(said.out)).toMatchObject({
      tasks: [
        { id: 'TASK-1', path: '.yard/tasks/TASK-1.md', effect: 'now', changed: ['area'], area: 'cli' },
        { id: 'TASK-2', effect: 'now', area: 'cli' },
      ],
    });
  });

  test('of a running task takes effect at its next attempt', async () => {
    const driven = await openDriven();
    await driven.writeTask({ id: 'TASK-1' });
    const scheduler = await schedule(driven.yard);
    await scheduler.cycle();
    const said = await edit(driven, ['TASK-1'], { owns: ['src/'] });
    expect(said.out).toBe('TASK-1: owns + src/ (it is running: this takes effect at its next attempt)\n');
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec: { owns: [] } });
    expect(await textOf(driven, 'TASK-1')).toContain('owns:\n  - src/\n');
  });

  test('of a task that no run has seen changes its file', async () => {
    const driven = await waitingYard();
    await driven.writeTask({ id: 'TASK-3' });
    expect(await edit(driven, ['TASK-3'], { priority: 1 })).toMatchObject({
      out: 'TASK-3: priority 0 → 1 (it joins at the next run)\n',
    });
    expect(await textOf(driven, 'TASK-3')).toContain('priority: 1\n');
  });

  test.each<[string, readonly string[], EditOptions, string, RegExp]>([
    ['an unknown id', ['TASK-22'], { priority: 1 }, 'no-such-task', /Did you mean TASK-2\?/],
    ['a cycle', ['TASK-1'], { addAfter: ['TASK-2'] }, 'task-cycle', /./],
    ['an unknown dependency', ['TASK-1'], { after: ['TASK-11'] }, 'no-such-task', /Did you mean TASK-1\?/],
    ['criteria taken away', ['TASK-1'], { accept: [''] }, 'task-incomplete', /./],
    ['a bad pattern', ['TASK-1'], { addOwns: ['/etc'] }, 'task-scope', /relative/],
    ['both ways at once', ['TASK-1'], { owns: ['a'], addOwns: ['b'] }, 'usage', /./],
    ['nothing said, and no terminal', ['TASK-1'], {}, 'usage', /on a terminal/],
  ])('%s is refused, and changes nothing', async (_name, ids, options, code, hint) => {
    const driven = await waitingYard();
    const before = await textOf(driven, 'TASK-1');
    const { error } = await edit(driven, ids, options);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string, exitCode: 2 });
    expect(await textOf(driven, 'TASK-1')).toBe(before);
  });

  test('of what is done, or has no file, says what there is to do', async () => {
    const driven = await waitingYard();
    await driven.store.withdraw('TASK-2', { kind: 'cancelled' });
    await rm(fileOf(driven, 'TASK-1'));
    expect((await edit(driven, ['TASK-2'], { priority: 1 })).error).toMatchObject({
      code: 'wrong-state',
      message: expect.stringMatching(/^TASK-2 is cancelled, and that is final; .*parked$/) as string,
    });
    expect((await edit(driven, ['TASK-1'], { priority: 1 })).error).toMatchObject({
      code: 'task-file-gone',
      hint: expect.stringContaining('git restore -- .yard/tasks/TASK-1.md') as string,
    });
  });

  test('two operators at once: what both said holds, or the second is told', async () => {
    const driven = await waitingYard();
    const both = await Promise.all([
      edit(driven, ['TASK-1'], { priority: 7 }),
      edit(driven, ['TASK-1'], { area: 'cli' }),
    ]);
    const text = await textOf(driven, 'TASK-1');
    for (const [index, entry] of ['priority: 7\n', 'area: cli\n'].entries()) {
      const { code, error } = both[index] as Said;
      if (code === null) expect(error?.code).toBe('task-changed');
      expect(text.includes(entry)).toBe(code === 0);
    }
    expect(both.some(({ code }) => code === 0)).toBe(true);
  });
});

describe('yard priority and yard reassign', () => {
  test('are edits of one key', async () => {
    const driven = await waitingYard();
    await atTerminal(driven, (context) => priorityCommand(context, 'TASK-1', 3));
    await atTerminal(driven, (context) => reassignCommand(context, 'TASK-1', 'script:large'));
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec: { priority: 3, agent: 'script:large' } });
    const { error } = await atTerminal(driven, (context) => reassignCommand(context, 'TASK-1', 'skript:large'));
    expect(error).toMatchObject({ code: 'task-incomplete', hint: 'Did you mean script?' });
    expect((await atTerminal(driven, (context) => priorityCommand(context, 'TASK-1', 1.5))).error).toMatchObject({
      code: 'task-type',
    });
  });
});

describe('in the editor', () => {
  const editor = (script: string): Readonly<Record<string, string>> => ({
    VISUAL: `f() { ${script}; }; f`,
    PATH: process.env['PATH'] ?? '',
  });

  async function drafts(driven: DrivenYard): Promise<string[]> {
    const directory = join(driven.local.stateDirectory, 'drafts');
    return existsSync(directory) ? readdir(directory) : [];
  }

  test('what was saved counts, once it is a task', async () => {
    const driven = await waitingYard();
    // At first something that is no task; what is typed next opens it again.
    const count = driven.local.path('opened');
    const env = editor(
      `echo x >> ${count}; if [ $(wc -l < ${count}) = 1 ]; then sed -i 's/^id: .*/id: x/' "$1"; ` +
        `else grep -q 'id: x' "$1" && sed -i 's/^id: .*/id: TASK-1/; s/Do TASK-1/By hand/' "$1"; fi`,
    );
    const said = await edit(driven, ['TASK-1'], {}, { isTerminal: true, types: 'y\n', env });
    expect(said).toMatchObject({ code: 0, out: expect.stringContaining('TASK-1: title Do TASK-1 → By hand') });
    expect(said.talk).toContain('"x" is not a task id');
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec: { title: 'By hand' } });
    expect(await drafts(driven)).toEqual([]);
  });

  test('a mistake is kept, told, and gone on with', async () => {
    const driven = await waitingYard();
    const before = await textOf(driven, 'TASK-1');
    const env = editor(`sed -i 's/^id: .*/id: TASK-9/' "$1"`);
    const said = await edit(driven, ['TASK-1'], {}, { isTerminal: true, types: 'n\n', env });
    expect(said).toMatchObject({ code: 2, talk: expect.stringContaining('go on with: yard edit TASK-1') });
    expect(await textOf(driven, 'TASK-1')).toBe(before);
    expect(await drafts(driven)).toHaveLength(1);
    const looked = await edit(driven, ['TASK-1'], { discard: true }, { isTerminal: true, env: editor('true') });
    expect(looked).toMatchObject({ code: 0, talk: 'TASK-1: nothing was changed\n' });
    expect(await drafts(driven)).toEqual([]);
    expect((await edit(driven, ['TASK-1'], { discard: true, priority: 1 })).error).toMatchObject({ code: 'usage' });
    await edit(driven, ['TASK-1'], {}, { isTerminal: true, types: 'n\n', env });
    const mend = editor(`sed -i 's/^id: .*/id: TASK-1/; s/^owns: .*/owns: lib/' "$1"`);
    expect(await edit(driven, ['TASK-1'], {}, { isTerminal: true, env: mend })).toMatchObject({ code: 0 });
    expect(await driven.store.task('TASK-1')).toMatchObject({ spec: { owns: ['lib'] } });
    expect(await drafts(driven)).toEqual([]);
  });

  test('what somebody else changed meanwhile is not overwritten', async () => {
    const driven = await waitingYard();
    const file = fileOf(driven, 'TASK-1');
    const env = editor(`sed -i 's/^owns: .*/owns: mine/' "$1"; sed -i 's/^owns: .*/owns: theirs/' ${file}`);
    const said = await edit(driven, ['TASK-1'], {}, { isTerminal: true, env });
    expect(said).toMatchObject({ code: null, error: { code: 'task-changed' } });
    expect(await textOf(driven, 'TASK-1')).toContain('owns: theirs');
    expect(await drafts(driven)).toHaveLength(1);
  });

  test('nothing changed, or no editor, changes nothing', async () => {
    const driven = await waitingYard();
    expect(await edit(driven, ['TASK-1'], {}, { isTerminal: true, env: editor('true') })).toMatchObject({
      code: 0,
      talk: 'TASK-1: nothing was changed\n',
    });
    const failed = await edit(driven, ['TASK-1'], {}, { isTerminal: true, env: editor('return 3') });
    expect(failed.error).toMatchObject({ code: 'editor-failed' });
    // Nothing was written that could be gone on with.
    expect(await drafts(driven)).toEqual([]);
    // A broken file is no reason not to open it.
    await writeFile(fileOf(driven, 'TASK-1'), 'broken');
    expect((await edit(driven, ['TASK-1'], { priority: 1 })).error).toMatchObject({ code: 'task-front-matter' });
    const mended = editor(`printf -- '---\\nid: TASK-1\\ntitle: t\\n---\\nDo.\\n## Acceptance\\n- x\\n' > "$1"`);
    expect(await edit(driven, ['TASK-1'], {}, { isTerminal: true, env: mended })).toMatchObject({ code: 0 });
  });
});
