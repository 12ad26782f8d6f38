// The tools of one attempt on a Unix socket, where the programs in its cell reach them.
//
// S1. Nobody is answered who has not sent the key of this attempt as the first line.
// S2. Memory is bounded: number of connections, size of a line, one message of each connection at a time, and its reply
//     goes out before the next one is read. A client that does not read holds up itself alone.
// S3. New connections find room although others say nothing: the oldest that has not sent its key makes way.
// S4. Nothing that a client does throws here; what it does wrong is noted.

import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

import type { Json } from '../../core/yard-event.ts';
import { errnoOf } from '../../process/errno.ts';
import { chmodSync } from '../../process/file-system.ts';
import { LineSplitter } from '../../process/lines.ts';
import type { Line } from '../../process/lines.ts';
import { give } from '../../process/owner.ts';
import type { Owner } from '../../process/owner.ts';
import type { IssueTools } from './issue-tools.ts';
import { answerMcpLine } from './mcp-message.ts';

export interface ToolServerOptions {
  readonly tools: IssueTools;
  /** A path of at most some 100 bytes, where nothing is yet. */
  readonly socketPath: string;
  /** Whom the socket is given to: the user of the cell, where that is another one. */
  readonly owner: Owner | null;
  readonly key: string;
  readonly note: (entry: { readonly [key: string]: Json }) => void;
}

const MESSAGE_BYTES_MAX = 1024 * 1024;
const KEY_BYTES_MAX = 256;
const KEY_MS = 10_000;
/** With the key, and without: of each. */
const CONNECTIONS_MAX = 16;
/** Of one connection. */
const GARBAGE_MAX = 20;
const MESSAGES_MAX = 20_000;
const MODE = 0o600;
/** What reading says of a connection that broke, or that was broken off. */
const BROKEN: ReadonlySet<string> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE', 'ABORT_ERR']);

/** Listens until `close`, which breaks what is open and waits for the calls that run. */
export async function serveTools(options: ToolServerOptions): Promise<{ close(): Promise<void> }> {
  const hall = new Hall(options);
  const server = createServer({ allowHalfOpen: true }, (socket) => hall.enter(socket));
  await listen(server, options.socketPath);
  chmodSync(options.socketPath, MODE);
  if (options.owner !== null) give(options.socketPath, options.owner);
  return {
    close: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      await hall.clear();
      await promise;
    },
  };
}

async function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(socketPath, resolve);
  await promise;
  server.off('error', reject);
}

/** Who is there, and who may stay. */
class Hall {
  readonly #options: ToolServerOptions;
  /** In order of arrival. */
  readonly #strangers = new Set<Socket>();
  readonly #known = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: ToolServerOptions) {
    this.#options = options;
  }

  enter(socket: Socket): void {
    // What breaks a connection ends its reading; there is nothing else to do about it.
    socket.on('error', () => socket.destroy());
    const [oldest] = this.#strangers;
    if (oldest !== undefined && this.#strangers.size >= CONNECTIONS_MAX) oldest.destroy();
    this.#strangers.add(socket);
    const timer = setTimeout(() => this.#dismiss(socket, 'no-key'), KEY_MS);
    timer.unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
      this.#known.delete(socket);
    });
    const recognised = (): boolean => {
      clearTimeout(timer);
      this.#strangers.delete(socket);
      if (this.#known.size >= CONNECTIONS_MAX) return false;
      this.#known.add(socket);
      return true;
    };
    const running = this.#serve(socket, recognised).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async clear(): Promise<void> {
    for (const socket of [...this.#strangers, ...this.#known]) socket.destroy();
    await Promise.all(this.#running);
  }

  async #serve(socket: Socket, recognised: () => boolean): Promise<void> {
    const lines: Line[] = [];
    const splitter = new LineSplitter(MESSAGE_BYTES_MAX, (line) => lines.push(line));
    const counts = { messages: 0, garbage: 0 };
    let isKnown = false;
    try {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        splitter.push(chunk);
        for (const line of lines.splice(0)) {
          if (!isKnown) {
            if (!isSame(line.text, this.#options.key)) return this.#dismiss(socket, 'wrong-key');
            if (!recognised()) return this.#dismiss(socket, 'too-many-connections');
            isKnown = true;
          } else if (!(await this.#take(socket, line, counts))) return undefined;
        }
        if (!isKnown && socket.bytesRead > KEY_BYTES_MAX) return this.#dismiss(socket, 'wrong-key');
      }
      socket.end();
    } catch (error) {
      // Its client is gone, and has lost nothing that was decided.
      if (!BROKEN.has(errnoOf(error) ?? '')) throw error;
    }
    return undefined;
  }

  /** False: the connection has been closed for it. */
  async #take(socket: Socket, line: Line, counts: { messages: number; garbage: number }): Promise<boolean> {
    counts.messages += 1;
    if (line.cutBytes > 0 || counts.messages > MESSAGES_MAX) {
      this.#dismiss(socket, line.cutBytes > 0 ? 'oversize' : 'too-many-messages');
      return false;
    }
    if (line.text.trim() === '') return true;
    const { reply, garbage } = await answerMcpLine(line.text, this.#options.tools);
    if (garbage) {
      counts.garbage += 1;
      this.#options.note({ refused: 'garbage' });
      if (counts.garbage > GARBAGE_MAX) {
        socket.destroy();
        return false;
      }
    }
    if (reply !== null) await send(socket, `${JSON.stringify(reply)}\n`);
    return !socket.destroyed;
  }

  #dismiss(socket: Socket, refused: string): undefined {
    this.#options.note({ refused });
    socket.destroy();
    return undefined;
  }
}

function isSame(given: string, key: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(key)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Resolves when the client has taken it, or is gone. */
async function send(socket: Socket, text: string): Promise<void> {
  if (socket.destroyed || socket.write(text)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    socket.off('drain', done);
    socket.off('close', done);
    resolve();
  };
  socket.on('drain', done);
  socket.on('close', done);
  await promise;
}
