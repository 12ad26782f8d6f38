import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CellPolicy } from '../core/cell-policy.ts';
import { shellWord } from '../core/shell-word.ts';
import type { SandboxSupport } from '../core/sandbox-choice.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { errnoOf } from '../process/errno.ts';
import { mkdir, writeFile } from '../process/file-system.ts';
import { isAlive } from '../process/identity.ts';
import { launch } from '../process/launch.ts';
import { give } from '../process/owner.ts';
import type { ProcessResult } from '../process/process-result.ts';
import { removeTree } from '../process/removal.ts';
import { runProcess } from '../process/run.ts';
import { makeTemporary } from '../process/temporary.ts';
import { Cells } from './cells.ts';
import { expandPlace } from './granted-places.ts';
import { isWithin, realPath } from './mounts.ts';

/*
 * Proves a sandbox by trying to break out of it. Everything that is tried goes against victims that are made for it: a
 * place like a yard's and a person's, a process, a server. The words in the cell say what they got; what they did is
 * looked at from outside.
 */

export type Breakout =
  | { readonly kind: 'tried'; readonly tried: number; /** What succeeded. */ readonly escapes: readonly string[] }
  /** No cell could be made, or its command did not come to its end. */
  | { readonly kind: 'broken'; readonly why: string };

const TIMEOUT_MS = 30_000;
const SECRET = 'to be read by nobody in the cell';
/** What the command in the cell says at its end: everything was tried. */
const DONE = 'all was tried';

interface Attempt {
  readonly what: string;
  /** Shell; its success is an escape. */
  readonly script: string;
  /** Only a look from outside tells. */
  readonly isSeenOutside?: boolean;
  /** What the policy itself lets it do is no escape. */
  readonly isAllowed?: boolean;
}

/** Tries to break out of a cell that is made by this policy, with all that it opens. What it opens is no way out. */
export async function breakOut(
  policy: CellPolicy,
  { support, self }: { readonly support: SandboxSupport; readonly self: readonly string[] },
): Promise<Breakout> {
  const base = await makeTemporary(join(tmpdir(), 'yard-breakout-'));
  const victim = await startVictim();
  const server = await listen();
  try {
    const paths = await makePlace(base);
    const cells = new Cells({
      // It asks for nothing of a host that is named.
      redact: (text) => text,
      stateDirectory: paths.state,
      repository: { root: paths.repository, commonDirectory: join(paths.repository, '.git') },
      support,
      self,
    });
    const { owner } = cells.sandboxFor(policy);
    if (owner !== null) for (const path of [paths.lane, paths.fifo]) give(path, owner);
    const run = cells.enter(policy, {
      directory: paths.lane,
      scratch: paths.scratch,
      egressLog: join(paths.state, 'network.ndjson'),
    });
    const { port } = server.address() as AddressInfo;
    const attempts = attemptsAt(paths, { pid: victim.pid, port }, policy).filter(({ isAllowed }) => isAllowed !== true);
    const script = attempts
      .map(({ script: words }, index) => `(${words}) >/dev/null 2>&1 && echo got ${index}`)
      .join('\n');
    const env = { ...allowedEnvironment([], {}), HOME: paths.home };
    const result = await run(
      { argv: ['/bin/sh', '-c', `${script}\necho ${DONE}`], env },
      { timeoutMs: TIMEOUT_MS, marker: base },
    );
    const said = result.stdout.toString('utf8').split('\n');
    if (!said.includes(DONE)) return { kind: 'broken', why: howItEnded(result) };
    const got = attempts.filter((_, index) => said.includes(`got ${index}`)).map(({ what }) => what);
    const done = doneOutside(paths, victim);
    return {
      kind: 'tried',
      tried: attempts.filter(({ isSeenOutside }) => isSeenOutside !== true).length + done.length,
      escapes: [...got, ...done.flatMap((each) => each ?? [])],
    };
  } finally {
    server.close();
    victim.end();
    await removeTree(base);
  }
}

interface Paths {
  readonly state: string;
  readonly lane: string;
  readonly fifo: string;
  readonly scratch: string;
  readonly repository: string;
  readonly home: string;
  readonly secrets: readonly string[];
}

async function makePlace(base: string): Promise<Paths> {
  const at = (...names: string[]): string => join(base, ...names);
  const paths = {
    state: at('state'),
    lane: at('state/lanes/ours'),
    fifo: at('state/lanes/ours/fifo'),
    scratch: at('state/tmp'),
    repository: at('repository'),
    home: at('home'),
    secrets: ['state/lanes/other/file', 'state/state.db', 'repository/.git/config', 'home/.netrc'].map((file) =>
      at(file),
    ),
  };
  for (const path of ['state/lanes/ours', 'state/lanes/other', 'state/tmp', 'repository/.git', 'home']) {
    await mkdir(at(path), { recursive: true });
  }
  for (const path of paths.secrets) await writeFile(path, SECRET);
  // Whoever has it open for reading lives: that can be asked from outside, at any time.
  const made = await runProcess('mkfifo', [paths.fifo], { cwd: base, env: allowedEnvironment([], {}), session: false });
  if (made.kind !== 'exited' || made.code !== 0) throw new Error(`no FIFO could be made: ${made.kind}`);
  return paths;
}

function attemptsAt(
  paths: Paths,
  { pid, port }: { readonly pid: number; readonly port: number },
  { network, read, write }: CellPolicy,
): Attempt[] {
  const isOpen = (places: readonly string[], at: string): boolean =>
    places.some((place) => isWithin(at, realPath(expandPlace(place)) ?? place));
  const run = realPath('/run') ?? '/run';
  const isInRun = (place: string): boolean => isWithin(realPath(expandPlace(place)) ?? place, run);
  const connect = `require('net').connect(${port}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  return [
    ...paths.secrets.map((path) => ({
      what: `read ${path}`,
      script: `grep -q '${SECRET.slice(0, 9)}' ${shellWord(path)}`,
    })),
    // What it can write there goes into its own home; doneOutside has a look at the real one.
    ...paths.secrets.map((path) => ({
      what: `wrote ${path}`,
      script: `echo x > ${shellWord(path)}; false`,
      isSeenOutside: true,
    })),
    ...['/etc', '/usr'].map((place) => ({
      what: `wrote to ${place}`,
      script: `touch ${place}/yard-breakout-${pid} && rm ${place}/yard-breakout-${pid}`,
      isAllowed: isOpen(write, place),
    })),
    { what: 'saw a process outside', script: `grep -qs 'yard-[v]ictim' /proc/[0-9]*/cmdline` },
    { what: 'had a capability', script: 'grep -qE "^CapEff:.*[1-9a-f]" /proc/self/status' },
    { what: 'could gain rights', script: 'grep -qE "^NoNewPrivs:[[:space:]]*0" /proc/self/status' },
    { what: 'was root', script: '[ "$(id -u)" = 0 ] && [ -w /etc/passwd ]' },
    {
      what: 'found sockets in /run',
      script: '[ -n "$(find /run /var/run/ -type s 2>/dev/null | head -n 1)" ]',
      isAllowed: isOpen([...read, ...write], run) || [...read, ...write].some(isInRun),
    },
    {
      what: 'reached the network',
      script: `${shellWord(process.execPath)} -e ${shellWord(connect)}`,
      isAllowed: network === 'open',
    },
    { what: 'ended a process outside', script: `kill -9 ${pid}; false`, isSeenOutside: true },
    {
      what: 'outlived its cell',
      script: `env -i PATH="$PATH" setsid sh -c 'exec sleep 1000 <> fifo' & sleep 0.1; false`,
      isSeenOutside: true,
    },
  ];
}

/** What cannot be seen from inside: each is an escape, or null. */
function doneOutside(paths: Paths, victim: Victim): (string | null)[] {
  return [
    ...paths.secrets.map((path) => (readFileSync(path, 'utf8') === SECRET ? null : `changed ${path}`)),
    victim.isAlive() ? null : 'ended a process outside',
    hasReader(paths.fifo) ? 'left a process running' : null,
  ];
}

function hasReader(fifo: string): boolean {
  try {
    closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENXIO') return false;
    throw error;
  }
}

interface Victim {
  readonly pid: number;
  isAlive(): boolean;
  end(): void;
}

/** A process that does nothing, and whose name nobody in the cell should see. */
async function startVictim(): Promise<Victim> {
  const env = allowedEnvironment([], {});
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const started = await launch('sh', ['-c', 'read end', 'yard-victim'], {
    cwd: '/',
    env,
    session: true,
    stdio: [...stdio],
  });
  if (started.kind === 'spawn-failed') throw new Error(started.message);
  const { child, identity } = started;
  return { pid: identity.pid, isAlive: () => isAlive(identity), end: () => void child.kill('SIGKILL') };
}

async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return server;
}

function howItEnded(result: ProcessResult): string {
  if (result.kind === 'spawn-failed') return result.message;
  return `the command in the cell did not come to its end (${result.kind}): ${result.stderr.toString('utf8').trim()}`;
}
