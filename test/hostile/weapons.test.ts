import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CELL_PLANTS } from '../fixtures/hostile/cell-plants.ts';
import { minimalEnvironment } from '../fixtures/e2e/git.ts';
import {
  CONFIG_PLANTS,
  DIFF_PLANTS,
  FILTER_PLANTS,
  HOOK_PLANTS,
  REMOTE_PLANTS,
} from '../fixtures/hostile/git-plants.ts';
import { makeGround } from '../fixtures/hostile/ground.ts';
import { NESTED_PLANTS } from '../fixtures/hostile/repository-plants.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';

// The other side of this suite: what does not run on the host must be able to run.

const WEAPONS = [
  ...HOOK_PLANTS,
  ...CONFIG_PLANTS,
  ...DIFF_PLANTS,
  ...FILTER_PLANTS,
  ...REMOTE_PLANTS,
  ...NESTED_PLANTS,
].filter(({ springs }) => springs !== null);

test('each plant runs its program in the hands of a person with plain git', async () => {
  const base = await useTemporaryDirectory('weapons');
  const { root, home } = await makeGround(base, WEAPONS, {});
  // Of what a person has, nothing is in the way.
  const { GIT_ALLOW_PROTOCOL: _, GIT_OPTIONAL_LOCKS: __, ...env } = minimalEnvironment(home);
  const blunt: string[] = [];
  for (const { id, what, springs } of WEAPONS) {
    const script = [
      `git clone --quiet '${root}' '${base}/${id}'; cd '${base}/${id}'; git remote remove origin`,
      `. ./plants/${id}.sh`,
      `if [ -e '${base}/markers/${id}' ]; then echo 'it ran too early'; exit; fi`,
      `set +e; (${springs ?? ''}) < /dev/null`,
    ].join('\n');
    const { stdout, stderr } = spawnSync('sh', ['-euc', script], { cwd: base, env, encoding: 'utf8' });
    if (!existsSync(join(base, 'markers', id))) blunt.push(`${id} (${what}): ${stdout}${stderr}`);
    else if (stdout.includes('too early')) blunt.push(`${id}: ${stdout}`);
  }
  expect(blunt).toEqual([]);
});

/** Those that can be let loose on what this test has made. */
const REACHING = CELL_PLANTS.filter(({ id }) => !['KILL-1', 'DAEMON-1', 'FORK-1'].includes(id));

test('each plant that a cell holds gets at something without one', async () => {
  const held: string[] = [];
  for (const plant of REACHING) {
    const base = await useTemporaryDirectory('weapons');
    const made = await makeGround(base, [plant], {});
    made.git('init', '--quiet', '--bare', join(base, 'state/depot.git'));
    for (const path of ['state.db', 'sandbox.json', 'lanes/READ-1/x']) await made.write(`state/${path}`, '');
    const server = createServer().listen(join(made.home, 'agent.sock'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const env = { ...minimalEnvironment(made.home), HOSTILE_CANARY: 'canary' };
    const clone = join(base, 'clone');
    made.git('clone', '--quiet', made.root, clone);
    // Not synchronously: who is connected to lives in this process.
    const child = spawn('sh', ['-eu', `plants/${plant.id}.sh`], { cwd: clone, env, stdio: 'ignore' });
    await once(child, 'close');
    const did = join(clone, plant.id, 'did');
    if (!existsSync(did) || readFileSync(did, 'utf8') === '') held.push(plant.id);
  }
  expect(held).toEqual([]);
});
