import { rm, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { DoctorReport } from '../../src/cli/doctor/report.ts';
import { makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';
import { root } from '../fixtures/repository-files.ts';

interface Examined {
  readonly code: number | null;
  readonly diagnosis: string | null;
  /** `id: status`, in order. */
  readonly statuses: readonly string[];
  readonly details: Readonly<Record<string, string>>;
}

/** Runs `yard doctor --json`, holds it against the published schema, and makes sure that it has changed nothing. */
async function examine(made: E2eYard, ...args: string[]): Promise<Examined> {
  const before = await made.print();
  const { code, stdout, stderr } = await made.yard(['doctor', '--json', ...args]);
  expect(stderr).toBe('');
  expect(await made.print()).toEqual(before);
  const report = readReport(stdout);
  expect(code).toBe(report.ok ? 0 : 1);
  return {
    code,
    diagnosis: report.diagnosis,
    statuses: report.checks.map(({ id, status }) => `${id}: ${status}`),
    details: Object.fromEntries(report.checks.map(({ id, message }) => [id, message])),
  };
}

/** The schema is made from the file, as somebody else's program would. */
const published = z.fromJSONSchema(JSON.parse(readFileSync(join(root, 'schema/doctor.schema.json'), 'utf8')));

function readReport(stdout: string): DoctorReport {
  return published.parse(JSON.parse(stdout)) as DoctorReport;
}

const failed = ({ statuses }: Examined): string[] => statuses.filter((line) => line.endsWith(': fail'));
const skipped = ({ statuses }: Examined): string[] =>
  statuses.flatMap((line) => (line.endsWith(': skip') ? [line.split(':')[0] ?? ''] : []));

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

/** All checks, in their order. */
const ALL = [
  'node',
  'git',
  'merge-tree',
  'process-control',
  'repository',
  'version',
  'state-directory',
  'pins',
  'store',
  'config',
  'tasks',
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
  'notify',
  'disk',
  'gate-run',
  'hygiene',
  'breaker',
  'waiting',
  'graph',
];

test('a yard that never ran is examined as far as there is something to look at', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  const before = await examine(made, '--quick');
  expect(before).toMatchObject({ code: 0, diagnosis: null });
  expect(new Set(skipped(before))).toEqual(new Set(['pins', 'store', 'depot', 'gate-run', ...OF_A_STORE]));
  expect(before.details).toMatchObject({
    target: 'agent/integration, made at the first run',
    tasks: '1 task is to be done',
    graph: '1 task can start or land, 0 come later',
  });
  expect(await made.yard(['run'])).toMatchObject({ code: 0 });
  const after = await examine(made);
  expect(after.statuses).toEqual(ALL.map((id) => `${id}: pass`));
  expect(after).toMatchObject({ code: 0, diagnosis: null });
  // What landed was green, so that its gate is not run again.
  expect(after.details['gate-run']).toMatch(/^default: green at agent\/integration \([0-9a-f]{12}\), known already$/);
  const text = await made.yard(['doctor']);
  expect(text.stdout).toMatch(/^pass {2}node +Node 24\.[\s\S]*\n\nAll is well\.\n$/);
  const some = await examine(made, 'graph', 'git');
  expect(some.statuses.map((line) => line.split(':')[0])).toEqual([
    'git',
    'repository',
    'state-directory',
    'store',
    'tasks',
    'graph',
  ]);
  expect(await made.yard(['doctor', 'graf'])).toMatchObject({ code: 2, stderr: expect.stringContaining('graph') });
});

test('the gate is run for good on the head that work starts from', async () => {
  const made = await makeYard({
    config: { gates: { default: { run: 'echo said on the way; test -e good.txt' } } },
    files: { 'package.txt': '1' },
  });
  const red = await made.yard(['doctor', '--json', 'gate-run']);
  expect(red).toMatchObject({ code: 1, stderr: expect.stringContaining('gate-run: default at HEAD (') });
  const gateRun = readReport(red.stdout).checks.find(({ id }) => id === 'gate-run');
  expect(gateRun).toMatchObject({
    status: 'fail',
    message: expect.stringMatching(/^the gate default is red at HEAD \([0-9a-f]{12}\): .* exited with 1$/),
    remedy: expect.stringContaining(join(made.state, 'doctor/default.log')),
    tail: expect.arrayContaining(['said on the way']),
  });
  expect(await made.readText('state/doctor/default.log')).toContain('said on the way');
  // Nobody is told that a yard has run, and nothing is left of the gate.
  expect(made.exists('state/current-pin')).toBe(false);
  expect(made.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
  expect(await made.read((reader) => reader.leases())).toEqual([]);

  await made.write('repo/good.txt', 'good');
  made.git('add', '--all');
  made.git('commit', '--quiet', '--message=Good');
  expect(await made.yard(['doctor', 'gate-run'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^pass +gate-run +green at HEAD \([0-9a-f]{12}\): default in /m),
  });
  expect((await examine(made, 'gate-run')).details['gate-run']).toMatch(/known already$/);
});

test('a pin that is damaged or gone stops nobody, and is written again', async () => {
  const made = await makeYard({ tasks: [{ id: 'A-1', does: 'echo a > a.txt' }] });
  await made.yard(['run']);
  const [pin = ''] = readdirSync(join(made.state, 'pins'));
  await made.write(`state/pins/${pin}`, '{"torn":');
  expect(await examine(made)).toMatchObject({ code: 0, diagnosis: 'pins' });
  expect(await made.yard(['status'])).toMatchObject({ code: 0 });
  await made.addTask({ id: 'B-1', does: 'echo b > b.txt' });
  expect(await made.yard(['run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('2 landed') });
  expect(await examine(made, 'pins')).toMatchObject({ details: { pins: expect.stringMatching(/^in force: /) } });
  await rm(join(made.state, 'pins', pin));
  expect(await examine(made, 'pins')).toMatchObject({ diagnosis: 'pins' });
  expect(await made.yard(['why', 'B-1'])).toMatchObject({ code: 0 });
});

test('what a person wrote: no gate, no agent, dependencies, a broken task, a broken configuration', async () => {
  const made = await makeYard({ config: null });
  await made.yard(['init']);
  const fresh = await examine(made);
  expect(failed(fresh)).toEqual(['gate: fail', 'agents: fail']);
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
  expect(new Set(skipped(unread))).toEqual(
    new Set([
      'notify',
      'pins',
      'store',
      'gate',
      'agents',
      'sandbox',
      'target',
      'depot',
      'gate-run',
      'graph',
      ...OF_A_STORE,
    ]),
  );
  const text = await made.yard(['doctor']);
  expect(text).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(
      /\nskip +target +config failed\n[\s\S]*\n\nconfig: \.yard\/config\.yaml:1:1: the configuration has version 2, and .*\nhint: .*\n$/,
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
  expect(noStore).toMatchObject({ code: 1, diagnosis: 'store', details: { scheduler: 'store failed' } });

  await rm(made.state, { recursive: true });
  await writeFile(made.state, '');
  const noPlace = await examine(made);
  expect(noPlace).toMatchObject({ code: 1, diagnosis: 'state-directory' });
  expect(new Set(skipped(noPlace))).toEqual(
    new Set(['pins', 'store', 'tasks', 'depot', 'locks', 'disk', 'gate-run', 'graph', ...OF_A_STORE]),
  );
  await rm(made.state);

  await rm(join(made.root, '.git'), { recursive: true });
  const nowhere = await examine(made);
  expect(nowhere).toMatchObject({ code: 1, diagnosis: 'repository' });
  expect(failed(nowhere)).toEqual(['repository: fail']);
});
