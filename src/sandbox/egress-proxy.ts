// The way out of a cell that has no network: a proxy on a Unix socket that connects to listed hosts.
//
// E1. Nothing is connected to but a host that a rule names, at a port that the rule has, by an address that was vetted:
//     the name is resolved once, here, and the connection goes to what came of it.
// E2. Every request is recorded, also the refused one, and every record is made before `close` resolves.
// E3. Memory is bounded: size and time of a header, number of connections, and no side is read faster than the other
//     one takes it.

import { type IncomingMessage, type Server, createServer } from 'node:http';
import { type Socket, connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { chooseRule, readTarget } from '../core/egress-rule.ts';
import type { EgressRule } from '../core/egress-rule.ts';
import { systemClock } from '../process/clock.ts';
import { errnoOf } from '../process/errno.ts';
import { chmodSync, rmSync } from '../process/file-system.ts';
import { give } from '../process/owner.ts';
import type { Owner } from '../process/owner.ts';
import { reachOf } from './egress-address.ts';
import type { EgressEnd, EgressSink } from './egress-log.ts';
import { type Resolve, systemResolve } from './egress-resolve.ts';
import { joinStreams } from './egress-tunnel.ts';

export interface EgressOptions {
  /** A path of at most some 100 bytes, in a directory that only its users can enter. What is there is replaced. */
  readonly socketPath: string;
  /** Whom the socket is given to: the user of the cell, where that is another one. Only root may. */
  readonly owner?: Owner | null;
  readonly rules: readonly EgressRule[];
  readonly record: EgressSink;
  readonly resolve?: Resolve | undefined;
  readonly limits?: Partial<EgressLimits> | undefined;
}

export interface EgressLimits {
  readonly headerBytes: number;
  readonly headerMs: number;
  /** From the request to the connection, the look-up of the name included. */
  readonly connectMs: number;
  /** Without a byte in either direction. A model may think for long before it says a word. */
  readonly idleMs: number;
  readonly connections: number;
}

export interface EgressProxy {
  readonly socketPath: string;
  /** Breaks what is open. */
  close(): Promise<void>;
}

interface Proxy {
  readonly rules: readonly EgressRule[];
  readonly record: EgressSink;
  readonly resolve: Resolve;
  readonly limits: EgressLimits;
  readonly closing: AbortSignal;
}

const LIMITS: EgressLimits = {
  headerBytes: 8 * 1024,
  headerMs: 10_000,
  connectMs: 30_000,
  idleMs: 15 * 60_000,
  connections: 256,
};
const HOST_MAX = 255;
const MODE = 0o600;
/** How often slow headers are looked for. */
const CHECK_MS = 500;

/** Starts to listen. Rejects with what the system says of the socket. */
export async function startEgressProxy(options: EgressOptions): Promise<EgressProxy> {
  const closing = new AbortController();
  const limits = { ...LIMITS, ...options.limits };
  const { rules, record, resolve = systemResolve() } = options;
  const proxy: Proxy = { rules, record, resolve, limits, closing: closing.signal };
  const running = new Set<Promise<void>>();
  const open = new Set<Socket>();
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    requestTimeout: limits.headerMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.headerMs),
    requireHostHeader: false,
  });
  server.maxConnections = limits.connections;
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('connect', (request, client, head) => {
    const served = serve(proxy, request, client, head).finally(() => running.delete(served));
    running.add(served);
  });
  refuseTheRest(server, record);
  await listen(server, options);
  return {
    socketPath: options.socketPath,
    close: async () => {
      const { promise, resolve: closed } = Promise.withResolvers<void>();
      server.close(() => closed());
      closing.abort();
      for (const socket of open) socket.destroy();
      await Promise.all([promise, ...running]);
    },
  };
}

async function listen(server: Server, { socketPath, owner = null }: EgressOptions): Promise<void> {
  rmSync(socketPath, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // The socket is made before `listen` returns: nobody else can connect to it before it has its mode.
  const before = process.umask(0o177);
  try {
    server.listen(socketPath, resolve);
  } finally {
    process.umask(before);
  }
  await promise;
  server.off('error', reject);
  try {
    if (owner !== null) give(socketPath, owner);
    chmodSync(socketPath, MODE);
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Everything that is no `CONNECT`. */
function refuseTheRest(server: Server, record: EgressSink): void {
  const note = (why: EgressEnd): void =>
    record({ ...NOTHING, at: systemClock.nowMs(), host: null, port: null, allowed: false, why, durationMs: 0 });
  server.on('request', (request, response) => {
    note('method');
    response.writeHead(405, { allow: 'CONNECT', connection: 'close' });
    response.end('yard: this proxy knows CONNECT only\n');
    request.resume();
  });
  server.on('clientError', (error, socket) => {
    // What comes after a refusal is refused with it.
    if (socket.writableEnded) return;
    // Whoever went away before having said a whole word has asked for nothing.
    if (errnoOf(error) === 'ECONNRESET' || errnoOf(error) === 'EPIPE') return void socket.destroy();
    const why = headerFault(errnoOf(error));
    note(why);
    refuse(socket, STATUS[why], why);
  });
  server.on('drop', () => note('too-many'));
}

function headerFault(code: string | null): 'malformed' | 'header-too-large' | 'header-too-slow' {
  if (code === 'HPE_HEADER_OVERFLOW') return 'header-too-large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'header-too-slow' : 'malformed';
}

const NOTHING = { address: null, bytesIn: 0, bytesOut: 0 } as const;
const STATUS = {
  malformed: '400 Bad Request',
  'header-too-large': '431 Request Header Fields Too Large',
  'header-too-slow': '408 Request Timeout',
  'not-a-name': '403 Forbidden',
  'not-listed': '403 Forbidden',
  port: '403 Forbidden',
  address: '403 Forbidden',
  unresolved: '502 Bad Gateway',
  unreachable: '502 Bad Gateway',
} as const satisfies Partial<Record<EgressEnd, string>>;

function refuse(socket: Duplex, status: string, why: string): void {
  const body = `yard: ${why}\n`;
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
  if (socket.writable) socket.end(head + body);
  // A cell that does not close its side must not keep it open.
  socket.once('finish', () => socket.destroy());
}

async function serve(proxy: Proxy, request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  const at = systemClock.nowMs();
  const startedMs = systemClock.monotonicMs();
  // What breaks now is noticed by whatever is done with the connection next.
  client.on('error', () => client.destroy());
  const authority = request.url ?? '';
  const target = readTarget(authority);
  // As it was asked for: in another spelling a secret in it would not be known as one.
  const named =
    target.kind === 'ok'
      ? { host: authority.slice(0, target.host.length), port: target.port }
      : { host: authority.slice(0, HOST_MAX), port: null };
  const end = (allowed: boolean, why: EgressEnd, traffic: Traffic = NOTHING): void => {
    const durationMs = systemClock.monotonicMs() - startedMs;
    proxy.record({ at, ...named, allowed, why, ...traffic, durationMs });
  };
  const refused = (allowed: boolean, why: keyof typeof STATUS): void => {
    end(allowed, why);
    refuse(client, STATUS[why], why);
  };
  if (target.kind === 'refused') return refused(false, target.why);
  const choice = chooseRule(proxy.rules, target.host, target.port);
  if (choice.kind === 'refused') return refused(false, choice.why);
  const deadline = AbortSignal.any([proxy.closing, AbortSignal.timeout(proxy.limits.connectMs)]);
  const addresses = await unlessAborted(proxy.resolve(target.host), deadline);
  if (proxy.closing.aborted) return end(true, 'closed');
  if (addresses === null || addresses.length === 0) return refused(true, 'unresolved');
  const vetted = addresses.filter((address) => isMeant(address, choice.rule));
  if (vetted.length === 0) return refused(false, 'address');
  const upstream = await connectTo(target.host, target.port, vetted, deadline);
  if (upstream === null) return proxy.closing.aborted ? end(true, 'closed') : refused(true, 'unreachable');
  const { why, ...traffic } = await tunnel(proxy, client, upstream, head);
  end(true, why, traffic);
}

interface Traffic {
  readonly address: string | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

async function tunnel(
  { limits, closing }: Proxy,
  client: Duplex,
  upstream: Socket,
  head: Buffer,
): Promise<Traffic & { readonly why: EgressEnd }> {
  const address = upstream.remoteAddress ?? null;
  let isIdle = false;
  // Bytes of either direction pass through this one.
  upstream.setTimeout(limits.idleMs, () => {
    isIdle = true;
    upstream.destroy();
    client.destroy();
  });
  const close = (): void => {
    upstream.destroy();
    client.destroy();
  };
  closing.addEventListener('abort', close);
  client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) upstream.write(head);
  const { broken } = await joinStreams(client, upstream);
  closing.removeEventListener('abort', close);
  const traffic = { address, bytesIn: upstream.bytesRead, bytesOut: upstream.bytesWritten };
  if (isIdle) return { ...traffic, why: 'idle' };
  if (broken) return { ...traffic, why: 'broken' };
  return { ...traffic, why: closing.aborted ? 'closed' : 'ended' };
}

function isMeant(address: string, rule: EgressRule): boolean {
  const reach = reachOf(address);
  return reach === 'public' || (reach === 'private' && rule.allowsPrivate);
}

/** Null: it failed, or was aborted. What it comes to after that is nobody's business any more. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const abort = (): void => resolve(null);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  // Every failure of a resolver means that the name is of no use.
  const failed = work.catch(() => null);
  const result = await Promise.race([failed, aborted]);
  signal.removeEventListener('abort', abort);
  return result;
}

/** Tries the addresses as Node does, several at a time; null when none of them answered. */
async function connectTo(
  host: string,
  port: number,
  addresses: readonly string[],
  deadline: AbortSignal,
): Promise<Socket | null> {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  const socket = connect({
    host,
    port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    // It never asks again: these are the addresses that were vetted.
    lookup: (_host, _options, callback) => callback(null, found),
  });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const abort = (): void => resolve(false);
  socket.once('connect', () => resolve(true));
  socket.on('error', abort);
  if (deadline.aborted) abort();
  deadline.addEventListener('abort', abort);
  const isConnected = await promise;
  deadline.removeEventListener('abort', abort);
  if (isConnected) return socket;
  socket.destroy();
  return null;
}
