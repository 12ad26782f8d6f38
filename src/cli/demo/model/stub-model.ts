// A model service that does what a script says, for programs that are to be driven without an account or a network.
//
// M1. It listens on the loopback address alone, and calls nobody.
// M2. What is done of a script is read from each request; only how often a step with `times` has failed is kept here, by
//     the prompt that the script is in.
// M3. `close` ends every connection, those too that wait for an answer which never comes.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { chatProtocol } from './chat.ts';
import type { Answer, Conversation } from './conversation.ts';
import { geminiProtocol } from './gemini.ts';
import { messagesProtocol } from './messages.ts';
import { type ErrorStep, GARBAGE, nextReaction } from './next-answer.ts';
import { type Script, scriptInPrompt } from './prompt-script.ts';
import { type Frame, type Json, object, type Protocol } from './protocol.ts';
import { responsesProtocol } from './responses.ts';

export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Null where it is no request for an answer. */
  readonly conversation: Conversation | null;
}

export interface StubModel extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string;
  /** In the order in which they came. */
  readonly requests: readonly ModelRequest[];
  readonly close: () => Promise<void>;
}

export interface StubModelOptions {
  /** Default: the script is in the prompt. */
  readonly script?: Script;
  /** Called when a request was read, before it is answered. */
  readonly onRequest?: (request: ModelRequest) => void;
}

const PROTOCOLS: readonly (readonly [end: RegExp, protocol: Protocol])[] = [
  [/\/messages$/u, messagesProtocol],
  [/\/responses$/u, responsesProtocol],
  [/\/chat\/completions$/u, chatProtocol],
  [/\/models\/[^/]+:(?:generateContent|streamGenerateContent)$/u, geminiProtocol],
];

/** Starts the service on a port that is free. */
export async function startModel({ script = scriptInPrompt, onRequest }: StubModelOptions = {}): Promise<StubModel> {
  const requests: ModelRequest[] = [];
  const failures = new Map<string, number>();
  const isDue = (key: string, times: number | undefined): boolean => {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    return times === undefined || count <= times;
  };
  const server = createServer((request, response) => {
    const known = (seen: ModelRequest): void => {
      requests.push(seen);
      onRequest?.(seen);
    };
    serve(request, response, { script, isDue, known }).catch((error: unknown) => {
      // The program has gone away, or we cut it off: what was wanted.
      if (response.destroyed) return;
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  // Codex tries a WebSocket first, and goes on without. It may have gone away by then.
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n');
  });
  const url = await listen(server);
  const close = (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    return promise;
  };
  return { url, requests, close, [Symbol.asyncDispose]: close };
}

async function listen(server: Server): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stub model has no port');
  return `http://127.0.0.1:${address.port}`;
}

interface Service {
  readonly script: Script;
  readonly isDue: (key: string, times: number | undefined) => boolean;
  readonly known: (request: ModelRequest) => void;
}

async function serve(request: IncomingMessage, response: ServerResponse, service: Service): Promise<void> {
  const { method = '', headers } = request;
  const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
  const protocol = PROTOCOLS.find(([end]) => end.test(path))?.[1];
  if (method !== 'POST' || protocol === undefined) {
    request.resume();
    service.known({ method, path, headers, conversation: null });
    return answerRest(method, path, response);
  }
  const body = await readBody(request);
  if (body === null) return send(response, 400, protocol.errorBody(400));
  const conversation = protocol.read(body, path);
  service.known({ method, path, headers, conversation });
  const reaction = nextReaction(conversation, service.script, service.isDue);
  if (reaction.kind === 'stall') return;
  if (reaction.kind === 'error') return sendError(response, reaction.error, protocol);
  await sendAnswer(response, protocol, reaction.answer, {
    model: conversation.model,
    isStream: protocol.wantsStream(body, path),
    isCutOff: reaction.isCutOff,
  });
}

/** What programs ask for besides answers: that we are there, which models there are, how long a text is. */
function answerRest(method: string, path: string, response: ServerResponse): void {
  if (method === 'HEAD') response.writeHead(200).end();
  else if (path.endsWith('/count_tokens')) send(response, 200, { input_tokens: 1000 });
  else if (path.endsWith(':countTokens')) send(response, 200, { totalTokens: 1000 });
  else if (path.endsWith('/models')) send(response, 200, { object: 'list', data: [MODEL], models: [] });
  else send(response, 404, { error: { message: `the stub has no ${path}`, type: 'not_found_error' } });
}

const MODEL = { id: 'stub-model', object: 'model', type: 'model', display_name: 'Stub', created: 0, owned_by: 'stub' };

/** Null where it is no JSON object. */
async function readBody(request: IncomingMessage): Promise<Json | null> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return object(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sendError(response: ServerResponse, error: ErrorStep, protocol: Protocol): void {
  const wait = error.retryAfterS === undefined ? {} : { 'retry-after': String(error.retryAfterS) };
  send(response, error.status, error.body ?? protocol.errorBody(error.status), { ...wait, ...error.headers });
}

interface Manner {
  readonly model: string;
  readonly isStream: boolean;
  readonly isCutOff: boolean;
}

async function sendAnswer(
  response: ServerResponse,
  protocol: Protocol,
  answer: Answer,
  { model, isStream, isCutOff }: Manner,
): Promise<void> {
  const frames = isStream ? protocol.frames(answer, model) : [{ data: protocol.whole(answer, model) }];
  response.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' });
  const write = isStream ? bytesOfFrame : ({ data }: Frame): Buffer => bytesOf(JSON.stringify(data));
  if (!isCutOff) return pipeline(Readable.from(encode(frames, write)), response);
  const all = Buffer.concat([...encode(frames, write)]);
  response.write(all.subarray(0, all.length / 2), () => response.destroy());
  return undefined;
}

function* encode(frames: Iterable<Frame>, write: (frame: Frame) => Buffer): Iterable<Buffer> {
  for (const frame of frames) yield write(frame);
}

function bytesOfFrame({ event, data }: Frame): Buffer {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return bytesOf(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
}

const NO_TEXT = Buffer.from([0xff, 0xfe, 0xc3, 0x28]);

function bytesOf(text: string): Buffer {
  if (!text.includes(GARBAGE)) return Buffer.from(text);
  const parts = text.split(GARBAGE).map((part) => Buffer.from(part));
  return Buffer.concat(parts.flatMap((part, index) => (index === 0 ? [part] : [NO_TEXT, part])));
}
