import { rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

interface Examined {
  readonly code: number | null;
  readonly diagnosis: string | null;
  /** `id: status`, in order. */
  readonly statuses: readonly string[];
  readonly details: Readonly<Record<string, string>>;
}

/** Runs `yard doctor --json`, and makes sure that it has changed nothing. */
async function examine(made: E2eYard): Promise<Examined> {
  const before = await made.print();
  const { code, stdout, stderr } = await made.yard(['doctor', '--json']);
  expect(stderr).toBe('');
  expect(await made.print()).toEqual(before);
  const { checks, diagnosis } = JSON.parse(stdout) as {
    checks: { id: string; status: string; detail: string; remedy?: string }[];
    diagnosis: string | null;
  };
  for (const check of checks) expect('remedy' in check).toBe(['warning', 'failure'].includes(check.status));
  return {
    code,
    diagnosis,
    statuses: checks.map(({ id, status }) => `${id}: ${status}`),
    details: Object.fromEntries(checks.map(({ id, detail }) => [id, detail])),
  };
}

const failed = ({ statuses }: Examined): string[] => statuses.filter((line) => line.endsWith(': failure'));
const skipped = ({ statuses }: Examined): string[] =>
  statuses.flatMap((line) => (line.endsWith(': skipped') ? [line.split(':')[0] ?? ''] : []));

/** Checks that say nothing before there is a store. */
const OF_A_STORE = [
  'refs',
  'scheduler',
  'leases',
  'intents',
  'slots',
  'processes',
  'containers',
  'half-made',
  'lanes',
  'clock',
  'breaker',
  'waiting',
];

test('a yard that never ran is examined as far as there is something to look at', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  const before = await examine(made);
  expect(before).toMatchObject({ code: 0, diagnosis: null });
  expect(skipped(before)).toEqual(['store', 'depot', ...OF_A_STORE]);
  expect(before.details).toMatchObject({
    target: 'agent/integration, made at the first run',
    tasks: '1 task is to be done',
  });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  const after = await examine(made);
  expect(after.statuses).toEqual(
    [
      'node',
      'git',
      'merge-tree',
      'repository',
      'state-directory',
      'store',
      'config',
      'tasks',
      'graph',
      'gate',
      'agents',
      'sandbox',
      'target',
      'depot',
      'refs',
      'locks',
      'scheduler',
      'leases',
      'intents',
      'slots',
      'processes',
      'containers',
      'half-made',
      'lanes',
      'clock',
      'disk',
      'breaker',
      'waiting',
    ].map((id) => `${id}: ok`),
  );
  expect(after).toMatchObject({ code: 0, diagnosis: null });
  const text = await made.yard(['doctor']);
  expect(text.stdout).toMatch(/^ok {2}node +Node 24\.[\s\S]*\n\nAll is well\.\n$/);
});

test('what a person wrote: no gate, no agent, dependencies, a broken task, a broken configuration', async () => {
  const made = await makeYard({ config: null });
  await made.yard(['init']);
  const fresh = await examine(made);
  expect(failed(fresh)).toEqual(['gate: failure', 'agents: failure']);
  expect(fresh).toMatchObject({
    code: 1,
    diagnosis: 'gate',
    details: { gate: '.yard/config.yaml: no gate is set: gates.default.run is the command that only fails' },
  });
  await made.addTask({ id: 'A-1', after: ['A-2'] });
  expect((await examine(made)).details).toMatchObject({ graph: 'A-1 comes after A-2, which does not exist' });
  await made.addTask({ id: 'A-2', after: ['A-1'] });
  expect((await examine(made)).details['graph']).toMatch(/^dependencies form a cycle: A-[12] → A-[12] → A-[12]$/);
  await made.write('repo/.yard/tasks/bad.md', 'nothing\n');
  const broken = await examine(made);
  expect(broken.details['tasks']).toMatch(/^\.yard\/tasks\/bad\.md:1:1: the file does not start with front matter/);
  expect(broken).toMatchObject({ diagnosis: 'tasks' });
  expect(skipped(broken)).toContain('graph');
  await made.write('repo/.yard/config.yaml', 'version: 2\n');
  const unread = await examine(made);
  expect(unread).toMatchObject({ code: 1, diagnosis: 'config' });
  expect(skipped(unread)).toEqual(['store', 'graph', 'gate', 'agents', 'sandbox', 'target', 'depot', ...OF_A_STORE]);
  const text = await made.yard(['doctor']);
  expect(text).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /\nskipped +target +needs the check config\n[\s\S]*\n\nconfig: \.yard\/config\.yaml:1:1: the configuration has version 2, and .*\nhint: .*\n$/,
    ),
  });
});

test('what a machine can break: the state directory, the store, the depot; and no repository', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  await made.yard(['run']);
  const objects = join(made.state, 'depot.git/objects');
  const [victim = ''] = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(path) || path.endsWith('.pack'),
  );
  await rm(join(objects, victim));
  const holed = await examine(made);
  expect(holed).toMatchObject({ code: 1, diagnosis: 'depot' });
  await rm(join(made.state, 'depot.git'), { recursive: true });

  for (const suffix of ['', '-wal', '-shm']) await rm(join(made.state, `state.db${suffix}`), { force: true });
  await writeFile(join(made.state, 'state.db'), 'this is no database. '.repeat(100));
  const noStore = await examine(made);
  expect(noStore).toMatchObject({ code: 1, diagnosis: 'store', details: { scheduler: 'needs the check store' } });

  await rm(made.state, { recursive: true });
  await writeFile(made.state, '');
  const noPlace = await examine(made);
  expect(noPlace).toMatchObject({ code: 1, diagnosis: 'state-directory' });
  expect(new Set(skipped(noPlace))).toEqual(new Set(['store', 'depot', 'locks', 'disk', ...OF_A_STORE]));
  await rm(made.state);

  await rm(join(made.root, '.git'), { recursive: true });
  const nowhere = await examine(made);
  expect(nowhere).toMatchObject({ code: 1, diagnosis: 'repository' });
  expect(nowhere.statuses.slice(0, 4)).toEqual(['node: ok', 'git: ok', 'merge-tree: ok', 'repository: failure']);
});
