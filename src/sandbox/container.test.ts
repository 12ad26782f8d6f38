import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';

import { makeCell } from '../../test/fixtures/container/cell.ts';
import { StubEngine } from '../../test/fixtures/container/stub-engine.ts';
import { useTemporaryDirectory } from '../../test/fixtures/temporary-directory.ts';
import { until } from '../../test/fixtures/yard/until.ts';
import { systemClock } from '../process/clock.ts';
import { systemHost } from '../process/host.ts';
import { ContainerRegister } from './container-register.ts';
import { containerSandbox } from './container.ts';
import { probeBubblewrap } from './probe.ts';
import { runInCell } from './run-in-cell.ts';
import type { CellResult, CellRunOptions } from './run-in-cell.ts';
import type { Cell } from './sandbox.ts';

// Containers of an engine that bubblewrap plays; see test/fixtures/container/engine.ts.

const support = await probeBubblewrap(process.env['PATH'] ?? '');

beforeEach((context) => {
  if (support.kind === 'missing') context.skip(support.why);
});

class Place {
  readonly base: string;
  readonly engine: StubEngine;
  readonly register: ContainerRegister;
  readonly marker: string;

  constructor(base: string, engine: StubEngine) {
    this.base = base;
    this.engine = engine;
    this.register = new ContainerRegister(base);
    this.marker = `${base}:A-1:1:1`;
  }

  get lane(): string {
    return join(this.base, 'lane');
  }

  get records(): string[] {
    const directory = join(this.base, 'containers');
    return existsSync(directory) ? readdirSync(directory) : [];
  }

  async run(
    script: string,
    { image = 'image', cell = {}, ...options }: CellRunOptions & { image?: string; cell?: Partial<Cell> } = {},
  ): Promise<CellResult> {
    const engine = await this.engine.found();
    const sandbox = containerSandbox({ engine, image, register: this.register, yard: this.base });
    const made = { ...(await makeCell(this.base, sandbox)), ...cell };
    const env = { PATH: process.env['PATH'] ?? '', HOME: join(this.base, 'home'), TOKEN: 'canary-4711' };
    const command = { argv: ['/bin/sh', '-c', script], env } as const;
    return runInCell(sandbox, made, command, { marker: this.marker, killGraceMs: 100, timeoutMs: 30_000, ...options });
  }
}

async function place(name?: 'docker' | 'podman'): Promise<Place> {
  const base = await useTemporaryDirectory('container');
  return new Place(base, await StubEngine.make(base, name));
}

test.each(['docker', 'podman'] as const)(
  '%s runs a command, with its code, and nothing of it is left',
  async (name) => {
    const made = await place(name);
    const result = await made.run('cat; echo "$TOKEN"; exit 7', { input: 'in ' });
    expect(result).toMatchObject({ kind: 'exited', code: 7, survivors: [] });
    expect(result.stdout.toString()).toBe('in canary-4711\n');
    expect(made.engine.containers()).toEqual([]);
    expect(made.records).toEqual([]);
  },
);

test('no value of the environment is in an argument, no path in a label', async () => {
  const made = await place();
  await made.run('true');
  const [run = []] = made.engine.calls().filter(([command]) => command === 'run');
  expect(run.join('\n')).not.toContain('canary-4711');
  const labels = run.filter((word) => word.startsWith('--label='));
  expect(labels).toHaveLength(2);
  expect(labels.join()).toMatch(/^--label=yardmaster\.yard=[0-9a-f]{32},--label=yardmaster\.marker=[0-9a-f]{32}$/);
  expect(run.filter((word) => word.startsWith('--env='))).toEqual(['--env=HOME', '--env=TMPDIR', '--env=TOKEN']);
});

test('what keeps a container from being made is no failure of the command', async () => {
  const made = await place();
  const why = (result: CellResult): unknown => (result.kind === 'spawn-failed' ? result.message : result.kind);
  expect(why(await made.run('true', { image: 'absent' }))).toBe(
    'the container could not be started: docker: Error response from daemon: pull access denied for absent',
  );
  expect(why(await made.run('true', { image: 'broken' }))).toMatch(
    /: failed to create task: exec: "\/bin\/sh": no such/,
  );
  expect(made.engine.containers()).toEqual([]);
  expect(made.records).toEqual([]);
});

test.each([125, 126, 127])('a command that exits with %i by itself has failed by itself', async (code) => {
  const made = await place();
  expect(await made.run(`echo Error: mine >&2; exit ${code}`)).toMatchObject({ kind: 'exited', code });
});

test('an engine that does not answer says so, and nothing waits for it', async () => {
  const made = await place();
  const engine = await made.engine.found();
  await made.engine.turn('down');
  const sandbox = containerSandbox({ engine, image: 'image', register: made.register, yard: made.base });
  const cell = await makeCell(made.base, sandbox);
  const result = await runInCell(sandbox, cell, { argv: ['true'], env: {} }, {});
  expect(result).toMatchObject({
    kind: 'spawn-failed',
    message: expect.stringContaining('Cannot connect to the Docker daemon'),
    survivors: [],
  });
  expect(made.records).toEqual([]);
});

test('an engine that is lost while the container runs leaves it to whoever comes next', async () => {
  const made = await place();
  const host = systemHost(systemClock, made.register);
  const abort = new AbortController();
  const run = made.run('trap "" TERM; echo up > up; while :; do sleep 1; done', { signal: abort.signal });
  await until('the container', () => existsSync(join(made.lane, 'up')));
  await made.engine.turn('down');
  abort.abort();
  // Its number cannot be told.
  expect(await run).toMatchObject({ kind: 'cancelled', survivors: [0] });
  expect(made.records).toHaveLength(1);
  expect(host.hasMarked(made.marker)).toBe(true);
  const target = { leader: null, marker: made.marker, graceMs: 0 };
  expect(await host.killTree(target)).toEqual({ survivors: [0] });
  await made.engine.turn('up');
  expect(await host.killTree({ ...target, marker: 'another' })).toEqual({ survivors: [] });
  expect(made.engine.containers()).toHaveLength(1);
  expect(await host.killTree(target)).toEqual({ survivors: [] });
  expect(made.engine.containers()).toEqual([]);
  expect(made.records).toEqual([]);
  expect(host.hasMarked(made.marker)).toBe(false);
});

test('what the kernel ends for want of memory has used too much; what is killed otherwise has not', async () => {
  const made = await place();
  expect(await made.run('kill -KILL $$')).toMatchObject({ kind: 'signalled', signal: 'SIGKILL', breach: null });
  await made.engine.runOutOfMemory();
  expect(await made.run('exit 1')).toMatchObject({ kind: 'exited', code: 1, breach: null });
  expect(await made.run('kill -KILL $$')).toMatchObject({
    breach: expect.stringContaining('its limit (sandbox.agents.limits.memory)'),
  });
  const [, asked = []] = made.engine.calls().filter(([command]) => command === 'events');
  expect(asked.slice(3)).toEqual([
    expect.stringMatching(/^--filter=container=yard-/),
    '--filter=event=oom',
    '--format={{.Action}}',
  ]);
});

test('a record of an earlier boot does not outlast an engine that is gone', async () => {
  const made = await place();
  const engine = await made.engine.found();
  const { name } = await made.register.add('yard-old', 'marker', engine);
  const path = join(made.base, 'containers', `${name}.json`);
  await made.engine.turn('down');
  expect(await made.register.end('marker')).toEqual([0]);
  await writeFile(path, JSON.stringify({ name, marker: 'marker', engine, bootId: 'another' }));
  expect(await made.register.end('marker')).toEqual([]);
  expect(made.records).toEqual([]);
});

test('no engine is asked anything while no container may run', async () => {
  const made = await place();
  const before = made.engine.calls().length;
  expect(await made.register.end('marker')).toEqual([]);
  expect(made.engine.calls()).toHaveLength(before);
});

test('what is mounted within its home is put there by us, so that we can remove it', async () => {
  const made = await place();
  const config = join(made.base, 'home/.config/agent');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'settings'), 'as set');
  await writeFile(join(made.base, 'home/.token'), 'secret');
  const result = await made.run('cat ~/.config/agent/settings; ls -A ~; echo x > ~/.config/agent/new', {
    cell: { readable: [config] },
  });
  expect(result.stdout.toString()).toBe('as set.config\n');
  expect(result).toMatchObject({ kind: 'exited', code: 2 });
  expect(readdirSync(config)).toEqual(['settings']);
});

test('hosts that are named are reached through the proxy, by the Node of the image', async () => {
  const made = await place();
  const main = join(import.meta.dirname, '../main.ts');
  const script = `node -e "fetch('https://refused.example').catch(() => console.log(process.env.HTTPS_PROXY))"`;
  const result = await made.run(script, {
    cell: {
      network: ['example.org'],
      bridge: ['node', main, '_egress'],
      readable: [join(import.meta.dirname, '..'), join(import.meta.dirname, '../../package.json')],
    },
  });
  expect(result.stderr.toString()).toBe('');
  expect(result.stdout.toString()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/m);
  const asked = JSON.parse(readFileSync(join(made.base, 'network.ndjson'), 'utf8')) as unknown;
  expect(asked).toMatchObject({ host: 'refused.example', allowed: false });
});
