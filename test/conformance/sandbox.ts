import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';

import { resolveSandbox } from '../../src/config/sandbox-schema.ts';
import type { CellPolicy } from '../../src/core/cell-policy.ts';
import { give } from '../../src/process/owner.ts';
import type { ProcessResult } from '../../src/process/process-result.ts';
import { findMarked } from '../../src/process/tree.ts';
import { runInCell } from '../../src/sandbox/run-in-cell.ts';
import type { CellRunOptions } from '../../src/sandbox/run-in-cell.ts';
import type { Cell, Layer, Sandbox } from '../../src/sandbox/sandbox.ts';
import { useTemporaryDirectory } from '../fixtures/temporary-directory.ts';
import { until } from '../fixtures/yard/until.ts';

/** As the yard gives it to its cells: the way to hosts that are named is a program of it. */
const PACKAGE = join(import.meta.dirname, '../..');

export interface SandboxTraits {
  /** Null: it cannot be had on this machine, for this reason. */
  readonly make: () => { readonly sandbox: Sandbox } | { readonly missing: string };
  /** False: the command has the rights of whoever starts it. */
  readonly holds: boolean;
  /** Where nothing is shown there are directories of its own, as far as its home and /tmp reach. */
  readonly ownGround?: boolean;
}

/** A state directory with two lanes, a repository and a home, as a cell is made among. */
class Place {
  readonly base: string;
  readonly marker: string;
  readonly #sandbox: Sandbox;

  constructor(base: string, sandbox: Sandbox) {
    this.base = base;
    this.marker = `${base}:cell`;
    this.#sandbox = sandbox;
  }

  path(...names: string[]): string {
    return join(this.base, ...names);
  }

  get lane(): string {
    return this.path('state/lanes/ours');
  }

  /** One in every cell of a sandbox that can have them. */
  get #layers(): Layer[] {
    const layer = { lower: this.path('state/pristine'), target: join(this.lane, 'layered') };
    return this.#sandbox.sharing === 'layers' ? [layer] : [];
  }

  async build(): Promise<void> {
    for (const directory of [
      'state/lanes/ours',
      'state/lanes/other',
      'state/depot.git/objects',
      'state/depot.git/refs',
    ]) {
      await mkdir(this.path(directory), { recursive: true });
    }
    for (const directory of ['state/outbox', 'state/scratch', 'repo/.git', 'home', 'named']) {
      await mkdir(this.path(directory), { recursive: true });
    }
    for (const [file, text] of FILES) await writeFile(this.path(file), text);
    for (const { lower, target } of this.#layers) {
      await mkdir(lower);
      await mkdir(target);
    }
    const { owner } = this.#sandbox;
    if (owner === null) return;
    for (const path of ['state/lanes/ours', 'state/lanes/ours/file', 'state/outbox']) give(this.path(path), owner);
  }

  /** Runs a shell script in a cell. */
  run(script: string, policy: Partial<CellPolicy> = {}, options: CellRunOptions = {}): Promise<ProcessResult> {
    const { network, limits, read, write } = { ...resolveSandbox('auto').agents, ...policy };
    const cell: Cell = {
      directory: this.lane,
      writable: [this.path('state/outbox'), ...write],
      readable: [this.path('state/depot.git/objects'), PACKAGE, ...read],
      hidden: [this.path('state'), this.path('repo')],
      scratch: this.path('state/scratch'),
      network,
      bridge: [process.execPath, join(PACKAGE, 'src/main.ts'), '_egress'],
      limits,
      redact: (text) => text,
      egressLog: this.path('network.ndjson'),
      layers: this.#layers,
    };
    const env = { PATH: process.env['PATH'] ?? '', HOME: this.path('home'), SECRET: 'in the environment' };
    const command = { argv: ['/bin/sh', '-c', script], env } as const;
    return runInCell(this.#sandbox, cell, command, {
      killGraceMs: 100,
      marker: this.marker,
      timeoutMs: 30_000,
      ...options,
    });
  }

  /** What the script printed; it must have ended well. */
  async ask(script: string, policy: Partial<CellPolicy> = {}): Promise<string> {
    const result = await this.run(script, policy);
    expect({ kind: result.kind, said: result.stderr.toString() }).toMatchObject({ kind: 'exited' });
    return result.stdout.toString().trim();
  }
}

const FILES: readonly (readonly [string, string])[] = [
  ['state/lanes/ours/file', 'ours'],
  ['state/lanes/other/file', 'another lane'],
  ['state/depot.git/objects/object', 'an object'],
  ['state/depot.git/config', 'the depot'],
  ['state/state.db', 'the store'],
  ['repo/.git/config', 'the repository'],
  ['repo/.env', 'a secret of the repository'],
  ['home/.netrc', 'a secret of the home'],
  ['named/file', 'named'],
];

/** What every sandbox must do, and what only one that holds does. */
export function testSandbox(name: string, traits: SandboxTraits): void {
  const open = async (context: { skip(why: string): void }): Promise<Place> => {
    const made = traits.make();
    if ('missing' in made) {
      context.skip(made.missing);
      throw new Error('skipped');
    }
    const place = new Place(await useTemporaryDirectory('cell'), made.sandbox);
    await place.build();
    return place;
  };

  describe(`the sandbox ${name}`, () => {
    testCommand(open);
    testEnd(open);
    if (traits.holds) testWalls(open, traits);
  });
}

type Open = (context: { skip(why: string): void }) => Promise<Place>;

function testCommand(open: Open): void {
  test('the command runs in the lane, and changes it', async (context) => {
    const place = await open(context);
    expect(await place.ask('pwd; cat file; echo more >> file; mkdir new; echo x > new/y')).toBe(`${place.lane}\nours`);
    expect(readFileSync(join(place.lane, 'file'), 'utf8')).toBe('oursmore\n');
    expect(existsSync(join(place.lane, 'new/y'))).toBe(true);
  });

  test('it reads and writes what it is given besides', async (context) => {
    const place = await open(context);
    const script = `cat ${place.path('state/depot.git/objects/object')}; echo done > ${place.path('state/outbox/result')}`;
    expect(await place.ask(script)).toBe('an object');
    expect(readFileSync(place.path('state/outbox/result'), 'utf8')).toBe('done\n');
  });

  test('it has a temporary directory of its own', async (context) => {
    const place = await open(context);
    expect(await place.ask('echo x > "$TMPDIR/file" && cat "$TMPDIR/file"')).toBe('x');
    expect(lstatSync(place.path('state/scratch/tmp/file')).isFile()).toBe(true);
  });

  test('the environment is what was given', async (context) => {
    const place = await open(context);
    const names = (await place.ask('env | cut -d= -f1 | sort')).split('\n');
    const allowed = ['HOME', 'OLDPWD', 'PATH', 'PWD', 'SECRET', 'SHLVL', 'TMPDIR', 'YARD_MARKER', '_'];
    expect(names.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(await place.ask('echo "$SECRET"')).toBe('in the environment');
  });

  test('stdin, stdout and stderr go through, whatever the bytes', async (context) => {
    const place = await open(context);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const result = await place.run('cat > copy; cat copy; cat copy >&2', {}, { input: bytes });
    expect(result.stdout.equals(bytes)).toBe(true);
    expect(result.stderr.equals(bytes)).toBe(true);
  });
}

function testEnd(open: Open): void {
  test('its exit code is its own', async (context) => {
    const place = await open(context);
    for (const code of [0, 1, 3, 126, 127]) {
      expect(await place.run(`exit ${code}`)).toMatchObject({ kind: 'exited', code });
    }
  });

  test('a signal that ended it is told as one', async (context) => {
    const place = await open(context);
    expect(await place.run('kill -KILL $$')).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
    expect(await place.run('kill -TERM $$')).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
  });

  test('a timeout asks first, and what obeys can put its things in order', async (context) => {
    const place = await open(context);
    const script = 'trap "echo tidied > tidy; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
    const result = await place.run(script, {}, { timeoutMs: 1_000, killGraceMs: 20_000 });
    expect(result).toMatchObject({ kind: 'timed-out', survivors: [] });
    expect(readFileSync(join(place.lane, 'tidy'), 'utf8')).toBe('tidied\n');
  });

  test('a timeout ends what does not obey', async (context) => {
    const place = await open(context);
    const result = await place.run('trap "" TERM; while :; do sleep 1; done', {}, { timeoutMs: 300 });
    expect(result).toMatchObject({ kind: 'timed-out', survivors: [] });
    expect(findMarked(place.marker)).toEqual([]);
  });

  test('what it leaves running ends with it', async (context) => {
    const place = await open(context);
    expect(await place.run('setsid sleep 1000 >/dev/null 2>&1 & exit 0')).toMatchObject({
      kind: 'exited',
      survivors: [],
    });
    expect(findMarked(place.marker)).toEqual([]);
  });

  test('a lane that is not there is no failure of the command', async (context) => {
    const place = await open(context);
    await rm(place.lane, { recursive: true });
    expect(await place.run('true')).toMatchObject({ kind: 'spawn-failed' });
  });
}

/** Places of the yard and the operator, none of which a cell shows. */
const SECRETS = [
  'state/lanes/other/file',
  'state/depot.git/config',
  'state/state.db',
  'repo/.env',
  'repo/.git/config',
  'home/.netrc',
];

function testWalls(open: Open, { ownGround = false }: SandboxTraits): void {
  test('it sees no other lane, nothing of the depot but its objects, no store, no repository, no home', async (context) => {
    const place = await open(context);
    for (const file of SECRETS) {
      expect(await place.run(`cat ${place.path(file)}`), file).toMatchObject({ kind: 'exited', code: 1 });
    }
    expect(await place.ask(`ls -A ${place.path('state')}; ls -A ${place.path('repo')}; ls -A ~`)).toBe(
      'depot.git\nlanes\noutbox',
    );
  });

  test('it changes nothing but what it was given', async (context) => {
    const place = await open(context);
    const targets = [...SECRETS, 'state/depot.git/objects/object', 'state/new', 'repo/new'].map((file) =>
      place.path(file),
    );
    for (const target of [...targets, '/etc/passwd', '/usr/new', '/new']) {
      const { stdout } = await place.run(`(echo x >> ${target}) 2>/dev/null && echo written`);
      // Its own home stands where the operator's does.
      const isOwn = target === place.path('home/.netrc') || (ownGround && dirname(target).startsWith(place.base));
      if (!isOwn) expect(stdout.toString(), target).toBe('');
    }
    for (const [file, text] of FILES) expect(readFileSync(place.path(file), 'utf8'), file).toBe(text);
    expect(existsSync(place.path('repo/new'))).toBe(false);
  });

  test('its home is its own: empty, writable, gone with it', async (context) => {
    const place = await open(context);
    expect(await place.ask('echo "$HOME"; echo x > ~/.bashrc && cat ~/.bashrc')).toBe(`${place.path('home')}\nx`);
    expect(existsSync(place.path('home/.bashrc'))).toBe(false);
    expect(existsSync(place.path('state/scratch/home/.bashrc'))).toBe(true);
  });

  test('what the operator names is readable, or writable, and nothing around it', async (context) => {
    const place = await open(context);
    const file = place.path('home/.netrc');
    expect(await place.ask(`cat ${file}`, { read: [file] })).toBe('a secret of the home');
    expect(await place.run(`echo x >> ${file}`, { read: [file] })).toMatchObject({ code: 2 });
    const written = place.path('state/outbox');
    expect(await place.ask(`echo x > ${written}/y; ls ${place.path('state')}`, { write: [written] })).toContain(
      'outbox',
    );
  });

  test('it sees no process but its own, and can end none outside', async (context) => {
    const place = await open(context);
    const pids = (await place.ask('ls /proc | grep "^[0-9]"')).split('\n').map(Number);
    expect(Math.max(...pids)).toBeLessThan(100);
    expect(await place.run(`kill -9 ${process.pid} -1 2>/dev/null; exit 5`)).not.toMatchObject({ kind: 'cancelled' });
    expect(await place.ask('cat /proc/*/environ | tr "\\0" "\\n" | grep -c VITEST || true')).toBe('0');
  });

  test('a process that leaves its session and clears its environment does not outlive it', async (context) => {
    const place = await open(context);
    const beacon = join(place.lane, 'beacon');
    const script = `env -i setsid sh -c 'while :; do echo x >> ${beacon}; sleep 0.02; done' >/dev/null 2>&1 & sleep 0.3; exit 0`;
    expect(await place.run(script)).toMatchObject({ kind: 'exited', survivors: [] });
    const sizeBytes = lstatSync(beacon).size;
    expect(sizeBytes).toBeGreaterThan(0);
    // It wrote every 20 ms.
    await place.ask('sleep 0.2');
    expect(lstatSync(beacon).size).toBe(sizeBytes);
  });

  test('it dies with whoever started it', async (context) => {
    const place = await open(context);
    const abort = new AbortController();
    const { promise: started, resolve } = Promise.withResolvers<number>();
    const run = place.run(
      'echo started > started; sleep 1000',
      {},
      { signal: abort.signal, onStarted: ({ identity }) => resolve(identity.pid) },
    );
    const pid = await started;
    await until('the cell', () => existsSync(join(place.lane, 'started')));
    // As when the attempt's process is killed: only the outermost program is.
    process.kill(pid, 'SIGKILL');
    await run;
    await until('the end of the cell', () => findMarked(place.marker).length === 0);
  });

  test('it has no rights to gain: no capability, no setuid', async (context) => {
    const place = await open(context);
    const status = await place.ask('grep -E "^(CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs)" /proc/self/status');
    expect(status.replaceAll(/[\t ]+/g, ' ')).toBe(
      'CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1',
    );
    expect(await place.ask('id -u')).not.toBe('0');
    expect(await place.run('cat /etc/shadow')).toMatchObject({ code: 1 });
  });

  test('it reaches no socket of the machine', async (context) => {
    const place = await open(context);
    const socket = place.path('home/agent.sock');
    let connections = 0;
    const server = createServer((connection) => {
      connections += 1;
      connection.destroy();
    });
    server.listen(socket);
    onTestFinished(() => void server.close());
    await until('the socket', () => existsSync(socket));
    const script = `node -e "require('net').connect('${socket}').on('error', () => process.exit(7)).on('connect', () => process.exit(0))"`;
    expect(await place.run(script)).toMatchObject({ kind: 'exited', code: 7 });
    expect(await place.ask('ls -A /run')).toBe('');
    expect(connections).toBe(0);
  });

  test('without network it reaches nothing outside, and itself', async (context) => {
    const place = await open(context);
    const server = createServer((connection) => connection.end('outside'));
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await until('the server', () => server.listening);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    const connect = `node -e "require('net').connect(${address.port}, '127.0.0.1').on('error', () => process.exit(7)).on('data', () => process.exit(0))"`;
    expect(await place.run(connect, { network: 'open' })).toMatchObject({ code: 0 });
    expect(await place.run(connect, { network: 'none' })).toMatchObject({ code: 7 });
    const itself = `node -e "const s = require('net').createServer((c) => c.end('x')).listen(0, '127.0.0.1', () => require('net').connect(s.address().port, '127.0.0.1').on('data', () => process.exit(0)))"`;
    expect(await place.run(itself, { network: 'none' })).toMatchObject({ code: 0 });
  });

  test('with hosts named it reaches those, through the proxy, and no others', async (context) => {
    const place = await open(context);
    // The bridge to the proxy is a program of this package, which may lie in a place that is hidden.
    const named: Partial<CellPolicy> = { network: ['example.invalid'], read: [join(import.meta.dirname, '../..')] };
    const script = (host: string): string =>
      `node -e "fetch('https://${host}/').then(() => process.exit(0), (error) => { console.log(error.cause?.message ?? error.message); process.exit(7); })"`;
    const refused = await place.run(script('other.invalid'), named);
    expect(refused).toMatchObject({ kind: 'exited', code: 7 });
    expect(await place.run(script('example.invalid'), named)).toMatchObject({ code: 7 });
    const records = readFileSync(place.path('network.ndjson'), 'utf8').trim().split('\n');
    expect(records.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { host: 'other.invalid', port: 443, allowed: false, why: 'not-listed' },
      { host: 'example.invalid', port: 443, allowed: true, why: 'unresolved' },
    ]);
    const direct = `node -e "require('net').connect(80, '127.0.0.1').on('error', () => process.exit(8))"`;
    expect(await place.run(direct, named)).toMatchObject({ code: 8 });
  });
}
