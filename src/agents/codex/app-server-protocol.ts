import { NO_USAGE } from '../../core/usage.ts';
import type { Json } from '../../core/yard-event.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';
import type { Turn } from '../agent.ts';
import { asObject, at, listAt, parseLine, textAt } from '../program/json-line.ts';
import type { JsonObject } from '../program/json-line.ts';
import type { Emit, Judgement, ProgramExit, ProgramIo, Protocol } from '../program/protocol.ts';
import { beginItem, completeItem, messageOf } from './app-server-item.ts';
import { answerRequest } from './app-server-request.ts';
import { callError, codexFailure, errorText, resetOf } from './codex-failure.ts';
import { codexUsage, ThreadUsage } from './codex-usage.ts';

/*
 * One turn of codex over its app-server: JSON-RPC in lines, in both directions, without the field `jsonrpc`. The calls go
 * out one after the other, each when the one before is answered, so that their names are their ids:
 * initialize, account, login where a key is given, thread, inject for each piece of a long prompt, turn.
 * What became of the turn is in `turn/completed`; the exit code is that of the server, and 0.
 */

export interface AppServerWork {
  readonly turn: Pick<Turn, 'prompt' | 'session' | 'tools' | 'system'>;
  /** Of `thread/start`, or of `thread/resume` without the id. */
  readonly thread: JsonObject;
  /** Of `turn/start`, without the thread and the prompt; null: a review is to be made of what the prompt says. */
  readonly task: JsonObject | null;
  /** The key of an account, for when the home holds no login. The server does not read it from the environment. */
  readonly key: { readonly value: string; readonly outranksLogin: boolean } | null;
}

/** It takes at most 1 MiB at once. */
const PIECE_MAX = 512 * 1024;

export class AppServerProtocol implements Protocol {
  readonly #work: AppServerWork;
  readonly #usage = new ThreadUsage();
  #io: ProgramIo | null = null;
  #emit: Emit = () => undefined;
  #threadId: string | null = null;
  #turnId: string | null = null;
  /** Pieces of the prompt that are still to be given. */
  readonly #pieces: string[];
  #message: string | null = null;
  /** The call that was refused, and why. */
  #refused: { readonly call: string; readonly why: string } | null = null;
  #resetMs: number | null = null;
  /** Why the last request was refused, as long as it is tried again. */
  #pending: ProviderFailure | null = null;
  #ended: Json | null = null;

  constructor(work: AppServerWork) {
    this.#work = work;
    this.#pieces = piecesOf(work.turn.prompt);
  }

  begin(io: ProgramIo, emit: Emit): void {
    this.#io = io;
    this.#emit = emit;
    const capabilities = { experimentalApi: true, optOutNotificationMethods: UNHEARD };
    this.#call('initialize', 'initialize', { clientInfo: { name: 'yardmaster', version: '1' }, capabilities });
  }

  stdout(line: string): void {
    const message = parseLine(line);
    if (message === null) return;
    const [id, method] = [at(message, 'id'), textAt(message, 'method')];
    if (method === null) this.#answered(typeof id === 'string' ? id : '', message);
    else if (id === undefined) this.#told(method, at(message, 'params'));
    else void this.#asked(method, id, at(message, 'params'));
  }

  interrupt(): boolean {
    if (this.#threadId === null || this.#turnId === null) return false;
    this.#call('interrupt', 'turn/interrupt', { threadId: this.#threadId, turnId: this.#turnId });
    return true;
  }

  steer(text: string): boolean {
    const [threadId, turnId] = [this.#threadId, this.#turnId];
    if (threadId === null || turnId === null || this.#work.task === null || this.#ended !== null) return false;
    const input = [{ type: 'text', text }];
    this.#call('steer', 'turn/steer', { threadId, expectedTurnId: turnId, input });
    return true;
  }

  judge({ code }: ProgramExit): Judgement {
    if (this.#refused !== null) {
      const { call, why } = this.#refused;
      const isResume = call === 'thread' && this.#work.turn.session !== null;
      if (isResume) return { kind: 'session-refused', why: `codex did not take up the session: ${why}` };
      return { kind: 'failed', why: `codex refused the ${call}: ${why}` };
    }
    if (this.#ended === null) return { kind: 'failed', why: `codex ended in its turn (exit code ${code ?? 'none'})` };
    const status = textAt(this.#ended, 'status');
    // A review never says that a task is done.
    if (status === 'completed') return { kind: 'ended', message: this.#work.task === null ? null : this.#message };
    if (status === 'interrupted') return { kind: 'failed', why: 'the turn of codex was interrupted' };
    return this.#failed(at(this.#ended, 'error'));
  }

  #failed(error: Json | undefined): Judgement {
    const why = `codex failed: ${errorText(error)}`;
    const info = at(error, 'codexErrorInfo');
    // When it gives up on a connection that broke, it does not say so again.
    const failure = codexFailure(info, this.#resetMs) ?? (info === 'other' ? this.#pending : null);
    return failure === null ? { kind: 'failed', why } : { kind: 'provider', why, failure };
  }

  #call(id: string, method: string, params: JsonObject): void {
    this.#io?.write(JSON.stringify({ id, method, params }));
  }

  #answered(id: string, message: JsonObject): void {
    const why = callError(message);
    if (why !== null) {
      // The turn may just have ended.
      if (id === 'interrupt' || id === 'steer') return;
      this.#refused = { call: id, why };
      this.#io?.finish();
      return;
    }
    switch (id) {
      case 'initialize':
        this.#io?.write(JSON.stringify({ method: 'initialized' }));
        return this.#call('account', 'account/read', {});
      case 'account':
        return this.#known(at(message, 'result'));
      case 'login':
        return this.#openThread();
      case 'thread':
        return this.#threadOpen(at(message, 'result'));
      case 'prompt':
        return this.#say();
      case 'turn':
        this.#turnId = textAt(message, 'result', 'turn', 'id');
        return undefined;
      default:
        return undefined;
    }
  }

  #known(result: Json | undefined): void {
    const { key } = this.#work;
    const account = textAt(result, 'account', 'type');
    // A login by key may be that of an older key, which an earlier turn left there.
    const isWanted = account === null || account === 'apiKey' || key?.outranksLogin === true;
    if (key === null || !isWanted || at(result, 'requiresOpenaiAuth') !== true) return this.#openThread();
    this.#call('login', 'account/login/start', { type: 'apiKey', apiKey: key.value });
  }

  #openThread(): void {
    const { turn, thread } = this.#work;
    if (turn.session === null) {
      const dynamicTools = toolsOf(turn.tools);
      this.#call('thread', 'thread/start', { ...thread, ...(dynamicTools === null ? {} : { dynamicTools }) });
    } else {
      // It keeps its tools.
      this.#call('thread', 'thread/resume', { ...thread, threadId: turn.session.id, excludeTurns: true });
    }
  }

  #threadOpen(result: Json | undefined): void {
    const [threadId, model] = [textAt(result, 'thread', 'id') ?? '', textAt(result, 'model')];
    this.#threadId = threadId;
    this.#usage.begin(threadId, this.#work.turn.session?.totals ?? NO_USAGE);
    this.#emit({ kind: 'session', id: threadId, ...(model === null ? {} : { model }) });
    this.#say();
  }

  /** The next piece of the prompt; with the last one the turn begins. */
  #say(): void {
    const threadId = this.#threadId ?? '';
    const text = this.#pieces.shift() ?? '';
    const { task } = this.#work;
    if (this.#pieces.length > 0) {
      const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text }] }];
      this.#call('prompt', 'thread/inject_items', { threadId, items });
    } else if (task === null) {
      this.#call('turn', 'review/start', { threadId, target: { type: 'custom', instructions: text } });
    } else {
      this.#call('turn', 'turn/start', { ...task, ...this.#context(), threadId, input: [{ type: 'text', text }] });
    }
  }

  /** A thread that is taken up keeps the instructions that it began with: those of this turn come beside the prompt. */
  #context(): JsonObject {
    const { session, system } = this.#work.turn;
    if (session === null || system === null) return {};
    return { additionalContext: { instructions: { kind: 'application', value: system } } };
  }

  async #asked(method: string, id: Json, params: Json | undefined): Promise<void> {
    const answer = await answerRequest(method, params, this.#work.turn.tools, this.#emit);
    this.#io?.write(JSON.stringify({ id, ...answer }));
  }

  #told(method: string, params: Json | undefined): void {
    const isOwn = textAt(params, 'threadId') === this.#threadId;
    switch (method) {
      case 'item/started':
        return beginItem(at(params, 'item'), this.#emit);
      case 'item/completed':
        this.#pending = null;
        if (isOwn) this.#message = messageOf(at(params, 'item')) ?? this.#message;
        return completeItem(at(params, 'item'), isOwn, this.#emit);
      case 'turn/plan/updated':
        return this.#emit({ kind: 'plan', entries: listAt(params, 'plan').map((step) => textAt(step, 'step') ?? '') });
      case 'thread/tokenUsage/updated':
        return this.#counted(params);
      case 'account/rateLimits/updated':
        this.#resetMs = resetOf(at(params, 'rateLimits'));
        return undefined;
      case 'error':
        return this.#troubled(params, isOwn);
      case 'turn/completed':
        return isOwn ? this.#completed(at(params, 'turn')) : undefined;
      default:
        return undefined;
    }
  }

  #counted(params: Json | undefined): void {
    const [thread, counted] = [textAt(params, 'threadId') ?? '', asObject(at(params, 'tokenUsage', 'total'))];
    if (counted === null) return;
    const total = codexUsage(counted);
    // A thread that is taken up is first told what it had come to: of a turn that is not this one.
    if (thread === this.#threadId && textAt(params, 'turnId') !== this.#turnId) return this.#usage.begin(thread, total);
    const usage = this.#usage.add(thread, total);
    if (usage !== null) this.#emit({ kind: 'usage', usage, totals: this.#usage.totals(this.#threadId ?? '') });
  }

  #troubled(params: Json | undefined, isOwn: boolean): void {
    const error = at(params, 'error');
    const failure = codexFailure(at(error, 'codexErrorInfo'), this.#resetMs);
    if (at(params, 'willRetry') !== true || failure === null) {
      this.#emit({ kind: 'error', message: errorText(error) });
      return;
    }
    this.#emit({ kind: 'rate-limit', failure, delayMs: null });
    if (isOwn) this.#pending = failure;
  }

  #completed(turn: Json | undefined): void {
    if (this.#ended !== null || turn === undefined) return;
    this.#ended = turn;
    this.#io?.finish();
  }
}

/** Told in pieces, and then as a whole. */
const UNHEARD = [
  'item/agentMessage/delta',
  'item/reasoning/textDelta',
  'item/reasoning/summaryTextDelta',
  'item/commandExecution/outputDelta',
  'item/fileChange/outputDelta',
  'item/fileChange/patchUpdated',
  'item/plan/delta',
  'turn/diff/updated',
];

function toolsOf(tools: Turn['tools']): Json | null {
  if (tools === null) return null;
  return tools.definitions.map(({ name, description, inputSchema }) => {
    return { type: 'function', name, description, inputSchema };
  });
}

/** Never an empty list, and no character is cut in two. */
function piecesOf(prompt: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < prompt.length || pieces.length === 0;) {
    let to = Math.min(from + PIECE_MAX, prompt.length);
    if (to < prompt.length && isHighSurrogate(prompt.charCodeAt(to - 1))) to -= 1;
    pieces.push(prompt.slice(from, to));
    from = to;
  }
  return pieces;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
