import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDriven } from '../../test/fixtures/yard/driven.ts';
import type { DrivenYard } from '../../test/fixtures/yard/driven.ts';
import { currentBootId } from '../process/identity.ts';
import { ownName } from '../process/own-name.ts';
import { MARKER_VARIABLE } from '../process/table.ts';
import { makeToolPlace } from '../agents/tools/tool-place.ts';
import { sweep } from './sweep.ts';

/** A name of a process that has ended. */
function deadName(prefix: string): string {
  const { pid } = spawnSync('true');
  return `${prefix}${pid}.1.${currentBootId().slice(0, 8)}-000001`;
}

/** Makes directories in the state directory, and tells which of them are left. */
function place(driven: DrivenYard, paths: readonly string[]): () => string[] {
  const { stateDirectory } = driven.yard;
  for (const path of paths) mkdirSync(join(stateDirectory, path, 'full'), { recursive: true });
  return () =>
    paths.filter((path) => readdirSync(dirname(join(stateDirectory, path))).includes(path.split('/').at(-1) ?? ''));
}

/** A process that carries a marker, until the test lets it go. */
async function startMarked(marker: string): Promise<() => Promise<void>> {
  const child = spawn('sleep', ['1000'], { env: { PATH: process.env['PATH'], [MARKER_VARIABLE]: marker } });
  await once(child, 'spawn');
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(end);
  return end;
}

test('what the dead left half-made goes wherever it is made; what the living make, and strangers, stay', async () => {
  const driven = await openDriven();
  const dead = ['.', 'tmp', 'lanes', 'gates', 'prewarm', 'pins', 'attempts', 'train', 'logs'].map((within) =>
    join(within, deadName(within === 'pins' || within === '.' ? '.tmp-' : '.trash-')),
  );
  const ours = ['lanes', 'gates', 'prewarm'].map((within) => join(within, ownName('.trash-')));
  const strangers = ['lanes/A-1', 'gates/0', 'prewarm/abc', '.tmp-abc', 'gates/.retired-x'];
  const halves = ['prewarm/abcdef.making', 'gates/.retired-0-7'];
  const left = place(driven, [...dead, ...ours, ...strangers, ...halves]);
  await sweep(driven.yard);
  expect(left()).toEqual([...ours, ...strangers]);
  expect(await driven.store.leases()).toEqual([]);
});

test('the sockets of dead attempts of this yard go; those of living ones, and of another yard, stay', async () => {
  const driven = await openDriven();
  const { stateDirectory } = driven.yard;
  const living = await makeToolPlace(stateDirectory);
  const others = await makeToolPlace(`${stateDirectory}-2`);
  // As a process leaves it that is killed.
  const [dead, othersDead] = [living, others].map((path) => deadName(path.replace(/\d+\.\d+\.[0-9a-f]{8}-\w+$/u, '')));
  for (const path of [dead, othersDead]) mkdirSync(path ?? '');
  onTestFinished(() => {
    for (const path of [living, others, dead, othersDead]) rmSync(path ?? '', { recursive: true, force: true });
  });
  writeFileSync(join(dead ?? '', 's'), '');
  await sweep(driven.yard);
  expect([living, others, dead, othersDead].map((path) => existsSync(path ?? ''))).toEqual([true, true, false, true]);
});

test('what another user has put in the place of a dead socket stays, whoever the yard is', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can make what belongs to another user');
  const driven = await openDriven();
  const living = await makeToolPlace(driven.yard.stateDirectory, true);
  const [prefix = ''] = /^.*?yard-tools-[0-9a-f]+-/u.exec(living) ?? [];
  const planted = deadName(prefix);
  mkdirSync(planted);
  chownSync(planted, 65_534, 65_534);
  onTestFinished(() => {
    for (const path of [living, planted]) rmSync(path, { recursive: true, force: true });
  });
  await sweep(driven.yard);
  expect(existsSync(planted)).toBe(true);
  // What is our own is never given away, so that it is swept when its maker is dead.
  expect(statSync(living)).toMatchObject({ uid: 0 });
});

test('what somebody living has a lease on stays', async () => {
  const driven = await openDriven();
  const { host, store } = driven.yard;
  for (const resource of ['prewarm:abcdef', 'slot:0'] as const) {
    await store.acquire(resource, host.self, host.clock.monotonicMs() + 60_000, () => false);
  }
  const left = place(driven, ['prewarm/abcdef.making', 'gates/.retired-0-7']);
  await sweep(driven.yard);
  expect(left()).toHaveLength(2);
});

test('a gate whose train died keeps its directory for temporary files as long as it runs', async () => {
  const driven = await openDriven();
  const { stateDirectory } = driven.yard;
  const left = place(driven, [`tmp/${deadName('gate-')}`, `tmp/${deadName('merge-')}`, 'gates/.retired-0-7']);
  const endGate = await startMarked(`${stateDirectory}:a-gate`);
  writeFileSync(join(stateDirectory, 'gates/0.marker'), `${stateDirectory}:a-gate`);
  await sweep(driven.yard);
  expect(left()).toEqual([expect.stringContaining('gate-'), 'gates/.retired-0-7']);
  await endGate();
  await sweep(driven.yard);
  expect(left()).toEqual([]);
  // What a prewarm's command still writes to stays as well.
  const making = place(driven, ['prewarm/abcdef.making']);
  const endPrewarm = await startMarked(`${stateDirectory}:prewarm:abcdef`);
  await sweep(driven.yard);
  expect(making()).toHaveLength(1);
  await endPrewarm();
  await sweep(driven.yard);
  expect(making()).toEqual([]);
  rmSync(join(stateDirectory, 'gates/0.marker'));
});
