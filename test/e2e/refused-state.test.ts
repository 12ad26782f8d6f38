import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'vitest';
import { expectRefused } from '../fixtures/e2e/expect-refused.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';

describe('a state that cannot be worked on', () => {
  test('a state directory that cannot be made, or is relative', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1' }] });
    await writeFile(made.state, '');
    const refusal = {
      error: /^the state directory \/.*\/state cannot be written to: a file stands in its place$/,
      hint: /YARD_STATE_DIR/,
    };
    await expectRefused(made, ['run'], refusal);
    await expectRefused(made, ['stop'], refusal);
    await rm(made.state);
    await expectRefused(
      made,
      ['run'],
      { error: /^the state directory .* cannot be written to: a part of the path is a file$/, hint: /YARD_STATE_DIR/ },
      { env: { YARD_STATE_DIR: join(made.root, 'README.md/x') } },
    );
    await expectRefused(
      made,
      ['run'],
      { error: /^YARD_STATE_DIR is "state", which is another directory from wherever it is used$/, hint: /absolute/ },
      { env: { YARD_STATE_DIR: 'state' } },
    );
  });

  test('a store of a newer version, one that is none, one that is broken', async () => {
    const made = await makeYard({ tasks: [{ id: 'A-1' }] });
    await made.yard(['stop']);
    const path = join(made.state, 'state.db');
    setVersion(path, 999);
    const newer = {
      error: /^the store \/.*\/state\.db has version 999, and this yardmaster knows versions up to \d+$/,
      hint: /update yardmaster/i,
    };
    for (const args of [['run'], ['status'], ['resume'], ['add', 'x', '--accept', 'y']])
      await expectRefused(made, args, newer);
    for (const suffix of ['', '-wal', '-shm']) await rm(path + suffix, { force: true });
    await writeFile(path, 'this is no database. '.repeat(100));
    const unreadable = {
      code: 1,
      error: /^the store \/.*\/state\.db cannot be read: /,
      hint: /restore it from a copy/,
    };
    for (const args of [['run'], ['status'], ['stop']]) await expectRefused(made, args, unreadable);
    await rm(path);
    await mkdir(path);
    await expectRefused(made, ['run'], unreadable);
  });
});

describe('an agent that cannot be started', () => {
  test('is named before anything is made', async () => {
    const made = await makeYard({
      config: { agents: { script: { kind: 'command', run: ['no-such-agent-program', '--yes'] } } },
      tasks: [{ id: 'A-1' }],
    });
    const refusal = {
      error: /^the program no-such-agent-program of the agent script is not on PATH$/,
      hint: /agents\.script\.run/,
    };
    await expectRefused(made, ['run'], refusal);
    await expectRefused(made, ['reconcile'], refusal);
    await expectRefused(made, ['drive', 'A-1'], refusal);
    await made.write(
      'repo/.yard/config.local.yaml',
      JSON.stringify({ agents: { script: { kind: 'command', run: 'no-such-agent-program --yes' } } }),
    );
    await expectRefused(made, ['run'], refusal);
    await made.write(
      'repo/.yard/config.local.yaml',
      JSON.stringify({ agents: { script: { kind: 'command', run: ['scripts/none.sh'] } } }),
    );
    await expectRefused(made, ['run'], {
      error: /^the program scripts\/none\.sh of the agent script is not/,
      hint: /agents\.script\.run/,
    });
  });
});

function setVersion(path: string, version: number): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(`pragma user_version = ${version}`);
  } finally {
    db.close();
  }
}
