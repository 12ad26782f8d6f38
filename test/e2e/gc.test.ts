import { expect, test } from 'vitest';
import { runGit } from '../fixtures/e2e/git.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

const SALVAGED = 'refs/yard/salvage/B-1/1';

interface GcJson {
  readonly removedBytes: number;
  readonly depot: string;
  readonly things: readonly { readonly name: string; readonly remove: boolean; readonly why: string }[];
}

async function gc(made: E2eYard, ...options: readonly string[]): Promise<GcJson> {
  const { code, stdout, stderr } = await made.yard(['gc', '--json', ...options]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as GcJson;
}

const names = ({ things }: GcJson, remove: boolean): string[] =>
  things.filter((thing) => thing.remove === remove).map(({ name }) => name);

/** One task has landed, two have failed, one with work in its lane. */
async function worked(): Promise<E2eYard> {
  const made = await makeYard({
    config: { gc: { keepDays: 0 }, limits: { retries: 0 } },
    tasks: [
      { id: 'A-1', does: 'echo a > a.txt' },
      { id: 'B-1', does: 'echo half > half.txt; exit 3' },
      { id: 'C-1', does: 'exit 3' },
    ],
  });
  await made.yard(['run']);
  expect(await made.statusOf('A-1')).toBe('landed');
  return made;
}

test('what has landed goes, what has not stays, and a second time there is nothing to do', async () => {
  const made = await worked();
  const planned = await gc(made, '--dry-run');
  expect(made.exists('state/attempts/A-1/1/prompt.md')).toBe(true);
  const done = await gc(made);
  expect(done.things).toEqual(planned.things);
  expect(names(done, true)).toEqual(expect.arrayContaining(['attempts/A-1', 'logs/A-1.log']));
  expect(names(done, true).filter((name) => !name.includes('A-1'))).toEqual([]);
  expect(done.removedBytes).toBeGreaterThan(0);
  // Lanes of the others borrow from the depot.
  expect(done.depot).toBe('repacked');
  expect(made.exists('state/attempts/A-1')).toBe(false);
  for (const path of ['attempts/B-1/1', 'lanes/B-1', 'attempts/C-1/1']) expect(made.exists(`state/${path}`)).toBe(true);
  const again = await gc(made);
  expect(names(again, true)).toEqual([]);
  expect(names(again, false)).toEqual(names(done, false));
  expect(made.git('show', 'agent/integration:a.txt')).toBe('a');
  expect(await made.yard(['doctor'])).toMatchObject({ stdout: expect.stringMatching(/depot +every object is there/) });
});

test('killed at each of its removals, the next collection does the rest', async () => {
  const made = await worked();
  const hits = `${made.base}/hits`;
  for (let kills = 0; ; kills += 1) {
    const env = { YARD_FAILPOINTS: `fs.rename:after:${kills + 1}:kill`, YARD_FAILPOINTS_DIR: hits };
    const { code } = await made.yard(['gc'], { env });
    if (code === null) continue;
    expect(code).toBe(0);
    expect(kills).toBeGreaterThan(1);
    break;
  }
  expect(made.exists('state/attempts/A-1')).toBe(false);
  expect(made.exists('state/lanes/B-1/half.txt')).toBe(true);
  expect(await made.yard(['doctor'])).toMatchObject({ stdout: expect.stringMatching(/depot +every object is there/) });
});

test('what was salvaged of a landed task stays, and the evidence around it goes', async () => {
  const made = await worked();
  await made.touch('state/attempts/A-1/1/lane-of-1/inner/precious');
  const depot = ['--git-dir', `${made.state}/depot.git`];
  const head = made.git('rev-parse', 'agent/integration');
  const refs = ['refs/yard/salvage/A-1/1', `refs/yard/commits/A-1/1/${head}`];
  for (const ref of refs) runGit(made.root, made.home, [...depot, 'update-ref', ref, head]);
  const done = await gc(made);
  expect(names(done, false)).toEqual(expect.arrayContaining([...refs, 'attempts/A-1/1/lane-of-1']));
  expect(names(done, true)).toContain('attempts/A-1/1/prompt.md');
  expect(made.exists('state/attempts/A-1/1/prompt.md')).toBe(false);
  expect(made.exists('state/attempts/A-1/1/lane-of-1/inner/precious')).toBe(true);
  for (const ref of refs) expect(runGit(made.root, made.home, [...depot, 'rev-parse', ref])).toBe(head);
  expect(names(await gc(made), true)).toEqual([]);
});

test('beside a run nothing is removed, and it says who runs', async () => {
  const made = await makeYard({
    config: { gc: { keepDays: 0 } },
    tasks: [{ id: 'A-1', does: 'touch "$BASE/started"; wait_for go; echo a > a.txt' }],
  });
  const run = made.start(['run']);
  await made.waitForFile('started');
  const ran = await made.yard(['gc']);
  expect(ran).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(`process ${run.pid} drives`) });
  await made.touch('go');
  expect(await run.done).toMatchObject({ code: 0 });
  // Nothing is left that borrows from the depot. Killed at each call of git, the next collection does it all.
  const hits = { YARD_FAILPOINTS_DIR: `${made.base}/hits` };
  for (const name of ['git.repack:before', 'git.repack:after', 'git.prune:before', 'git.prune:after']) {
    const killed = await made.yard(['gc'], { env: { ...hits, YARD_FAILPOINTS: `${name}:1:kill` } });
    expect([name, killed.code]).toEqual([name, null]);
  }
  expect((await gc(made)).depot).toBe('pruned');
  expect(made.git('show', 'agent/integration:a.txt')).toBe('a');
  await made.addTask({ id: 'B-1', does: 'cat a.txt a.txt > b.txt' });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n2 landed\n$/) });
});

test('the lane of a cancelled task goes when what it holds is salvaged; that of a parked one stays', async () => {
  const made = await worked();
  expect(await made.yard(['cancel', 'B-1'])).toMatchObject({ code: 0 });
  const planned = await gc(made, '--dry-run');
  expect(made.exists('state/lanes/B-1/half.txt')).toBe(true);
  const done = await gc(made);
  expect(done.things).toEqual(planned.things);
  expect(names(done, true)).toContain('lanes/B-1');
  expect(names(done, false)).toContain('lanes/C-1');
  for (const path of ['lanes/B-1', 'lanes/B-1.json', 'lanes/B-1.index'])
    expect(made.exists(`state/${path}`)).toBe(false);
  expect(made.exists('state/lanes/C-1')).toBe(true);
  const salvaged = runGit(made.root, made.home, [
    '--git-dir',
    `${made.state}/depot.git`,
    'show',
    `${SALVAGED}:half.txt`,
  ]);
  expect(salvaged).toBe('half');
  expect(names(await gc(made), false)).toContain(SALVAGED);
});
