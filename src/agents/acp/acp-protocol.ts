import type { AnyMessage, ClientContext } from '@agentclientprotocol/sdk';

import type { Usage } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import { asObject, at, numberAt, parseLine, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { judgeError } from './acp-failure.ts';
import { answerPermission } from './acp-permission.ts';
import { settingsFor } from './acp-session.ts';
import type { SessionSetup } from './acp-session.ts';
import { AcpUpdates } from './acp-updates.ts';

/** Nobody asks so often; answers pile up where a program does not read them. */
const REQUESTS_MAX = 10_000;

/** What one turn asks of an agent. */
export interface AcpWish extends SessionSetup {
  /** The lane. */
  readonly directory: string;
  readonly prompt: string;
  /** Standing instructions; null: none. */
  readonly system: string | null;
  readonly session: { readonly id: string; readonly totals: Usage | null } | null;
  /** As the protocol wants them. */
  readonly servers: readonly McpServer[];
}

export interface McpServer {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/*
 * One turn over the Agent Client Protocol: initialize, open a session, set it up, prompt, end. Invariants:
 * 1. The first judgement stands; when the program ends before there is one, its end is judged.
 * 2. The program gets nothing of this machine: it has no files, no terminal, and every other request is refused.
 * 3. What it sends that nobody has asked for changes nothing, and neither do requests without end.
 */
export class AcpProtocol implements Protocol {
  readonly #wish: AcpWish;
  #judgement: Judgement | null = null;
  #incoming: ReadableStreamDefaultController<AnyMessage> | null = null;
  #agent: ClientContext | null = null;
  /** The session while it works on a prompt. */
  #prompted: string | null = null;
  #hasAnswered = false;
  #updates: AcpUpdates | null = null;
  /** Numbers of our requests that it has not answered. */
  readonly #asked = new Set<Json>();
  #requests = 0;
  /** The session itself takes standing instructions, as claude's does; others find them before the prompt. */
  #takesSystem = false;

  constructor(wish: AcpWish) {
    this.#wish = wish;
  }

  begin(io: ProgramIo, emit: Emit): void {
    const readable = new ReadableStream<AnyMessage>({
      start: (controller) => void (this.#incoming = controller),
      cancel: () => void (this.#incoming = null),
    });
    const writable = new WritableStream<AnyMessage>({
      write: (message) => {
        if ('method' in message && 'id' in message) this.#asked.add(message.id);
        io.write(JSON.stringify(message));
      },
    });
    this.#updates = new AcpUpdates(emit);
    void this.#converse({ readable, writable }, this.#updates, emit)
      .catch((error: unknown) => this.#judgeThrown(error))
      .then((judgement) => {
        this.#judgement ??= judgement;
        io.finish();
      });
  }

  stdout(line: string): void {
    const message = parseLine(line);
    if (message === null || !this.#isWanted(message)) return;
    this.#incoming?.enqueue(message as unknown as AnyMessage);
  }

  /**
   * Updates never reach the library: it would refuse those of programs that are not quite true to the protocol. Of what
   * else nobody waits for, it would only talk.
   */
  #isWanted(message: JsonObject): boolean {
    const { method, id } = message;
    if (method === undefined) return this.#asked.delete(id ?? null);
    if (id !== undefined) return (this.#requests += 1) <= REQUESTS_MAX;
    if (method === 'session/update') this.#updates?.take(at(message, 'params', 'update') ?? null);
    return false;
  }

  interrupt(): boolean {
    if (this.#agent === null || this.#prompted === null) return false;
    // It fails only where the program has ended meanwhile: then there is nothing to interrupt.
    this.#agent.notify('session/cancel', { sessionId: this.#prompted }).catch(() => undefined);
    return true;
  }

  judge({ code, signal }: ProgramExit): Judgement {
    if (this.#judgement !== null) return this.#judgement;
    const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
    if (!this.#hasAnswered) {
      return { kind: 'infrastructure', why: `the agent ended ${how} without a word of the Agent Client Protocol` };
    }
    return { kind: 'failed', why: `the agent ended ${how} before its turn was over` };
  }

  async #converse(
    stream: { readable: ReadableStream<AnyMessage>; writable: WritableStream<AnyMessage> },
    updates: AcpUpdates,
    emit: Emit,
  ): Promise<Judgement> {
    const { client } = await import('@agentclientprotocol/sdk');
    const { directory, isEnclosed } = this.#wish;
    return client({ name: 'yardmaster' })
      .onRequest('session/request_permission', asJson, ({ params }) => ({
        outcome: answerPermission(params, directory, isEnclosed),
      }))
      .connectWith(stream, (agent) => this.#takeTurn(agent, updates, emit));
  }

  async #takeTurn(agent: ClientContext, updates: AcpUpdates, emit: Emit): Promise<Judgement> {
    const { session } = this.#wish;
    this.#agent = agent;
    const hello = (await agent.request('initialize', {
      protocolVersion: 1,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: 'yardmaster', version: '1' },
    })) as unknown as Json;
    this.#hasAnswered = true;
    const version = numberAt(hello, 'protocolVersion');
    if (version !== 1) {
      const why = `the agent speaks version ${version ?? '?'} of the Agent Client Protocol; version 1 is needed`;
      return { kind: 'infrastructure', why };
    }
    // The adapter of codex announces it as well, and takes it in another form.
    const isOther = (textAt(hello, 'agentInfo', 'name') ?? '').includes('codex');
    this.#takesSystem =
      !isOther && asObject(at(hello, 'agentCapabilities', 'sessionCapabilities', 'systemPrompt')) !== null;
    updates.mute(true);
    const opened = session === null ? await this.#newSession(agent) : await this.#resume(agent, hello, session.id);
    updates.mute(false);
    if ('kind' in opened) return opened;
    emit({ kind: 'session', id: opened.id });
    const setUp = settingsFor(opened.id, opened.answer, this.#wish);
    if (setUp.kind === 'refused') return { kind: 'infrastructure', why: setUp.why };
    for (const { method, params } of setUp.settings) await agent.request<Json>(method, params);
    return this.#prompt(agent, opened.id, updates);
  }

  async #newSession(agent: ClientContext): Promise<Opened | Judgement> {
    const answer = await agent.request<Json>('session/new', this.#place());
    const id = textAt(answer, 'sessionId');
    if (id === null) return { kind: 'infrastructure', why: 'the agent opened a session without an id' };
    return { id, answer };
  }

  /** Loading tells everything again that has happened; going on with it does not. */
  async #resume(agent: ClientContext, hello: Json, sessionId: string): Promise<Opened | Judgement> {
    const canResume = asObject(at(hello, 'agentCapabilities', 'sessionCapabilities', 'resume')) !== null;
    const canLoad = at(hello, 'agentCapabilities', 'loadSession') === true;
    if (!canResume && !canLoad) return { kind: 'session-refused', why: 'the agent cannot go on with a session' };
    try {
      const params = { ...this.#place(), sessionId };
      const answer = await agent.request<Json>(canResume ? 'session/resume' : 'session/load', params);
      return { id: sessionId, answer };
    } catch (error) {
      if (!isRequestError(error)) throw error;
      const judgement = judgeError(error);
      return judgement.kind === 'provider' ? judgement : { kind: 'session-refused', why: judgement.why };
    }
  }

  #place(): { readonly [key: string]: Json } {
    const { directory, servers, system } = this.#wish;
    const meta = this.#takesSystem && system !== null ? { _meta: { systemPrompt: { append: system } } } : {};
    return { cwd: directory, mcpServers: servers as unknown as Json, ...meta };
  }

  async #prompt(agent: ClientContext, sessionId: string, updates: AcpUpdates): Promise<Judgement> {
    const { prompt, system, session } = this.#wish;
    // A session that is gone on with may keep those that it began with.
    const isTaken = system === null || (this.#takesSystem && session === null);
    const text = noCommand(isTaken ? prompt : `${system}\n\n${prompt}`);
    this.#prompted = sessionId;
    try {
      const params = { sessionId, prompt: [{ type: 'text', text }] };
      const answer = await agent.request<Json>('session/prompt', params);
      updates.flush();
      updates.usage(answer, session?.totals ?? null);
      return judgeStop(textAt(answer, 'stopReason'), updates.lastMessage);
    } finally {
      this.#prompted = null;
      updates.flush();
    }
  }

  /** Null: the program has ended, which says more. */
  #judgeThrown(error: unknown): Judgement | null {
    if (isRequestError(error)) {
      // To say that one does not know a method is a word of the protocol, but not of an agent.
      return this.#hasAnswered
        ? judgeError(error)
        : { kind: 'infrastructure', why: `it is no agent: ${error.message}` };
    }
    if (this.#incoming === null) return null;
    return { kind: 'infrastructure', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

interface Opened {
  readonly id: string;
  /** What the session offers. */
  readonly answer: Json;
}

function judgeStop(reason: string | null, message: string | null): Judgement {
  switch (reason) {
    case 'max_tokens':
      return { kind: 'failed', why: 'the model reached the most that it may write' };
    case 'max_turn_requests':
      return { kind: 'failed', why: 'the agent reached the most requests that it makes in a turn' };
    case 'refusal':
      return { kind: 'failed', why: 'the model refused to go on' };
    default:
      return { kind: 'ended', message };
  }
}

function asJson(params: unknown): Json {
  return params as Json;
}

/** By its shape: an error of the protocol has a number for a code. */
function isRequestError(error: unknown): error is Error & { readonly code: number; readonly data?: unknown } {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

/** What begins with a slash is a command to most programs. */
function noCommand(text: string): string {
  return text.trimStart().startsWith('/') ? `What follows is the task.\n\n${text}` : text;
}
