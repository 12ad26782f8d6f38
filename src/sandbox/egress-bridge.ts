import { type Server, type AddressInfo, connect, createServer } from 'node:net';
import { constants } from 'node:os';

import { launch } from '../process/launch.ts';
import { SIGNALLED } from './exit-signal.ts';
import { joinStreams } from './egress-tunnel.ts';

/*
 * What runs inside a cell that has no network but the proxy outside: it listens on the cell's own loopback, passes each
 * connection to the proxy's socket, and stands in for the real command, whose streams, signals and end are its own.
 */

export interface Bridge {
  readonly socketPath: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** By the command's exit code, or by its signal. */
export type BridgeEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals };

/** As the shell and `env` have it: the program was not found, or is none. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** Never over the proxy: servers that the command itself starts. */
const LOCAL = 'localhost,127.0.0.1,::1';

/** `SOCKET -- PROGRAM ARGS…`; null for anything else. */
export function readBridge([socketPath, dashes, program, ...args]: readonly string[]): Bridge | null {
  if (socketPath === undefined || dashes !== '--' || program === undefined) return null;
  return { socketPath, program, args };
}

/** Runs the command to its end. `say` gets what kept it from starting. */
export async function runBridge(
  { socketPath, program, args }: Bridge,
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<BridgeEnd> {
  let forward: (signal: NodeJS.Signals) => void = () => undefined;
  let early: NodeJS.Signals | null = null;
  const catchSignal = (signal: NodeJS.Signals): void => {
    early = signal;
    forward(signal);
  };
  for (const signal of FORWARDED) process.on(signal, catchSignal);
  const server = await listen(socketPath);
  try {
    const { port } = server.address() as AddressInfo;
    const launched = await launch(program, args, {
      cwd: process.cwd(),
      env: { ...defined(environment), ...proxyVariables(port) },
      session: false,
      stdio: 'inherit',
    });
    if (launched.kind === 'spawn-failed') {
      say(launched.message);
      return { kind: 'exited', code: launched.errorCode === 'ENOENT' ? NOT_FOUND : NOT_RUNNABLE };
    }
    const { child } = launched;
    const { promise, resolve } = Promise.withResolvers<BridgeEnd>();
    child.once('exit', (code, signal) =>
      resolve(signal === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'signalled', signal }),
    );
    forward = (signal) => void child.kill(signal);
    if (early !== null) forward(early);
    return await promise;
  } finally {
    for (const signal of FORWARDED) process.off(signal, catchSignal);
    server.close();
  }
}

/** Ends this process as the command ended, open connections or not. */
export function endAs(end: BridgeEnd): never {
  if (end.kind === 'exited') process.exit(end.code);
  process.kill(process.pid, end.signal);
  // The first process of a namespace is not ended by its own signals.
  process.exit(SIGNALLED + constants.signals[end.signal]);
}

async function listen(socketPath: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    void joinStreams(client, connect({ path: socketPath, allowHalfOpen: true }));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  server.off('error', reject);
  return server;
}

/** In both cases of letters: programs differ in which they read. */
function proxyVariables(port: number): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  return {
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    ALL_PROXY: proxy,
    https_proxy: proxy,
    http_proxy: proxy,
    all_proxy: proxy,
    NO_PROXY: LOCAL,
    no_proxy: LOCAL,
    NODE_USE_ENV_PROXY: '1',
  };
}

function defined(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
