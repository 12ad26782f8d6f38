import { checkedFailure } from '../../core/provider-failure.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';
import { redactJson } from '../../core/redact-json.ts';
import { isSessionId } from '../../core/session.ts';
import { systemClock } from '../../process/clock.ts';
import type { AgentEvent, Turn, TurnEnd } from '../agent.ts';
import type { EventQueue } from '../event-queue.ts';
import { Transcript } from '../transcript.ts';
import { transcriptLine } from '../transcript-line.ts';
import type { Emit } from './protocol.ts';

/** A reader that is further behind misses events; the transcript has them. */
const WAITING_MAX = 1_000;
/** Of what an agent says in one piece, so much goes on. */
const TEXT_MAX = 100_000;
const SUMMARY_MAX = 2_000;
/** Longer than any secret: what is cut before it is redacted is cut so much later, so that no half of one is left. */
const MARGIN = 20_000;
/** What says nothing of whether the provider serves. */
const BESIDE: ReadonlySet<AgentEvent['kind']> = new Set(['session', 'error', 'told']);

/** What the agent does, without secrets: to whoever reads the events, and to the transcript. */
export class TurnLog {
  readonly #turn: Turn;
  readonly #queue: EventQueue<AgentEvent>;
  readonly #transcript: Transcript;
  readonly #onPending: (isPending: boolean) => void;
  #pending: ProviderFailure | null = null;
  #lastText = '';

  /** @param onPending called when the provider begins to refuse, and when it serves again. */
  constructor(turn: Turn, queue: EventQueue<AgentEvent>, onPending: (isPending: boolean) => void) {
    this.#onPending = onPending;
    this.#turn = turn;
    this.#queue = queue;
    this.#transcript = new Transcript(turn.transcript);
  }

  /** Why the provider refused the last request, as long as the program waits to try again. */
  get pending(): ProviderFailure | null {
    return this.#pending;
  }

  get lastText(): string {
    return this.#lastText;
  }

  readonly emit: Emit = (raw) => {
    if (raw.kind === 'session' && !isSessionId(raw.id)) return;
    const event = this.#withoutSecrets(raw);
    const wasPending = this.#pending !== null;
    if (event.kind === 'rate-limit') this.#pending = event.failure;
    else if (!BESIDE.has(event.kind)) this.#pending = null;
    const isPending = this.#pending !== null;
    if (isPending !== wasPending) this.#onPending(isPending);
    if (event.kind === 'text') this.#lastText = event.text;
    const line = transcriptLine(event);
    if (line !== null) {
      this.#transcript.line(systemClock.nowMs(), 'agent', line);
      this.#transcript.flush();
    }
    // Whoever adds up what was used must miss none of it, nor of the session.
    const counts = event.kind === 'usage' || event.kind === 'session';
    if (counts || this.#queue.size < WAITING_MAX) this.#queue.push(event);
  };

  end(end: TurnEnd): void {
    if (!('why' in end)) return;
    this.#transcript.line(systemClock.nowMs(), 'agent', `[${end.kind}] ${end.why}`);
  }

  close(): void {
    this.#transcript.close();
  }

  #withoutSecrets(event: Parameters<Emit>[0]): Parameters<Emit>[0] {
    const short = shortened(event, MARGIN);
    const text = JSON.stringify(short);
    const redacted = redactJson(text, (part) => this.#turn.redactor.text(part));
    const clean = shortened(redacted === text ? short : (JSON.parse(redacted) as Parameters<Emit>[0]), 0);
    return clean.kind === 'rate-limit'
      ? { ...clean, failure: checkedFailure(clean.failure, systemClock.nowMs()) }
      : clean;
  }
}

function shortened(event: Parameters<Emit>[0], margin: number): Parameters<Emit>[0] {
  if ('text' in event) return { ...event, text: event.text.slice(0, TEXT_MAX + margin) };
  if ('summary' in event) return { ...event, summary: event.summary.slice(0, SUMMARY_MAX + margin) };
  return event;
}
