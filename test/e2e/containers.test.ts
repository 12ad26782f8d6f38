import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { findMarkedBelow } from '../../src/process/tree.ts';
import { probeBubblewrap } from '../../src/sandbox/probe.ts';
import { StubEngine } from '../fixtures/container/stub-engine.ts';
import { kill } from '../fixtures/e2e/own-processes.ts';
import { defaultConfig, makeYard } from '../fixtures/e2e/yard.ts';
import type { E2eYard } from '../fixtures/e2e/yard.ts';

// Agents and gates in containers of an engine that bubblewrap plays; see test/fixtures/container/engine.ts.

const support = await probeBubblewrap(process.env['PATH'] ?? '');

interface InContainers {
  readonly made: E2eYard;
  readonly engine: StubEngine;
  readonly env: Record<string, string>;
}

async function inContainers(does: string): Promise<InContainers> {
  const made = await makeYard({ tasks: [{ id: 'A-1', does }] });
  const engine = await StubEngine.make(made.base);
  await mkdir(join(made.base, 'shared'));
  await chmod(join(made.base, 'shared'), 0o777);
  const config = defaultConfig(made.base);
  const sandbox = { kind: 'container', image: 'image', engine: 'docker' };
  const read = [join(made.base, 'agent.sh'), join(made.base, 'does')];
  const script = { ...(config['agents'] as { script: object }).script };
  const agents = { script: { ...script, sandbox: { ...sandbox, read, write: [join(made.base, 'shared')] } } };
  const gates = { default: { run: 'test "$(cat a.txt)" = a', timeout: '2m', sandbox } };
  await made.write('repo/.yard/config.yaml', JSON.stringify({ ...config, agents, gates }));
  made.git('commit', '--quiet', '--all', '--message=Containers');
  return { made, engine, env: { PATH: engine.environment['PATH'] ?? '' } };
}

function records({ made }: InContainers): string[] {
  const directory = join(made.state, 'containers');
  return existsSync(directory) ? readdirSync(directory) : [];
}

test('a task is done and proven in containers, which see neither the repository nor the state', async (context) => {
  if (support.kind === 'missing') context.skip(support.why);
  const yard = await inContainers(
    `for path in "$BASE/repo/README.md" "$BASE/state/state.db"; do test ! -e "$path" || exit 9; done; echo a > a.txt`,
  );
  const { made, engine, env } = yard;
  expect(await made.yard(['run'], { env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\n1 landed\n$/),
    stderr: expect.stringContaining('docker 28.0.0 for agents.script, gates.default'),
  });
  expect(made.git('show', 'agent/integration:a.txt')).toBe('a');
  // The agent and its gate; the tree of the train was tested as it is.
  expect(engine.calls().filter(([command]) => command === 'run')).toHaveLength(2);
  expect(engine.containers()).toEqual([]);
  expect(records(yard)).toEqual([]);
});

test('kill -9 of an attempt: its container is ended before the lane is used again', async (context) => {
  if (support.kind === 'missing') context.skip(support.why);
  const yard = await inContainers(`
    if [ ! -e "$BASE/shared/first" ]; then
      trap "" TERM; touch "$BASE/shared/first"
      while :; do echo x >> "$BASE/shared/beat"; sleep 0.02; done
    fi
    before=$(wc -c < "$BASE/shared/beat"); sleep 0.3
    test "$before" = "$(wc -c < "$BASE/shared/beat")" || touch "$BASE/shared/alive"
    echo a > a.txt`);
  const { made, engine, env } = yard;
  const run = made.start(['run'], { env });
  await made.waitForFile('shared/beat');
  const owner = await made.read(async (reader) => (await reader.lease('task:A-1'))?.owner?.pid);
  if (owner === undefined) throw new Error('nobody has the attempt');
  kill(owner);
  expect(await run.done).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 landed\n$/) });
  expect(made.exists('shared/alive')).toBe(false);
  const outcomes = made.read(async (reader) => (await reader.attempts('A-1')).map(({ outcome }) => outcome?.kind));
  expect(await outcomes).toEqual(['lost', 'accepted']);
  expect(engine.containers()).toEqual([]);
  expect(records(yard)).toEqual([]);
});

test('a container that nobody waits for is found by doctor, and ended by --repair', async (context) => {
  if (support.kind === 'missing') context.skip(support.why);
  const yard = await inContainers('trap "" TERM; touch "$BASE/shared/first"; while :; do sleep 1; done');
  const { made, engine, env } = yard;
  const run = made.start(['run'], { env });
  await made.waitForFile('shared/first');
  const owner = await made.read(async (reader) => (await reader.lease('task:A-1'))?.owner?.pid);
  if (owner === undefined || run.pid === undefined) throw new Error('nobody has the attempt');
  kill(run.pid);
  await run.done;
  kill(owner);
  // The program that asked for it, too: only the engine knows of it now.
  for (const { identity } of findMarkedBelow(`${made.state}:`)) kill(identity.pid);
  await made.until('the end of all processes', () => findMarkedBelow(`${made.state}:`).length === 0);
  const [name = ''] = engine.containers();
  const doctor = async (...args: string[]): Promise<string> => (await made.yard(['doctor', ...args], { env })).stdout;
  expect(await doctor()).toContain(`1 container may have outlived an attempt, a gate or the train: ${name}`);
  expect(await doctor('--repair')).toContain(`container ${name} was ended`);
  expect(engine.containers()).toEqual([]);
  expect(records(yard)).toEqual([]);
});

test('an engine that does not answer is said before anything starts', async (context) => {
  if (support.kind === 'missing') context.skip(support.why);
  const { made, engine, env } = await inContainers('echo a > a.txt');
  await engine.turn('down');
  expect(await made.yard(['run'], { env })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /the sandbox of agents\.script cannot be had: docker does not work here: Cannot connect/,
    ),
  });
});
