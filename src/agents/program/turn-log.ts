import { impossible } from '../../core/impossible.ts';
import { checkedFailure, failureWord } from '../../core/provider-failure.ts';
import type { ProviderFailure } from '../../core/provider-failure.ts';
import { SECRET_MARGIN } from '../../core/redact.ts';
import { redactJson } from '../../core/redact-json.ts';
import { isSessionId } from '../../core/session.ts';
import { systemClock } from '../../process/clock.ts';
import type { AgentEvent, Turn, TurnEnd } from '../agent.ts';
import type { EventQueue } from '../event-queue.ts';
import { Transcript } from '../transcript.ts';
import { transcriptLine } from '../transcript-line.ts';
import { BoundedEvents } from './bounded-events.ts';
import { keptText } from './kept-text.ts';
import type { Emit } from './protocol.ts';

/** Of what an agent says in one piece, so much goes on. */
const TEXT_MAX = 100_000;
const SUMMARY_MAX = 2_000;
const NAME_MAX = 200;
const ENTRIES_MAX = 200;
/** What says nothing of whether the provider serves. */
const BESIDE: ReadonlySet<AgentEvent['kind']> = new Set(['session', 'error', 'told']);

/** What the agent does, without secrets: to whoever reads the events, and to the transcript. */
export class TurnLog {
  readonly #turn: Turn;
  readonly #events: BoundedEvents;
  readonly #transcript: Transcript;
  readonly #onPending: (isPending: boolean) => void;
  #pending: ProviderFailure | null = null;
  #lastText = '';
  /** The refusal of the provider that the transcript told last, if nothing was told after it. */
  #told: ProviderFailure | null = null;

  /** @param onPending called when the provider begins to refuse, and when it serves again. */
  constructor(turn: Turn, queue: EventQueue<AgentEvent>, onPending: (isPending: boolean) => void) {
    this.#onPending = onPending;
    this.#turn = turn;
    this.#events = new BoundedEvents(queue);
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
    const { event, chars } = this.#withoutSecrets(raw);
    const wasPending = this.#pending !== null;
    if (event.kind === 'rate-limit') this.#pending = event.failure;
    else if (!BESIDE.has(event.kind)) this.#pending = null;
    const isPending = this.#pending !== null;
    if (isPending !== wasPending) this.#onPending(isPending);
    if (event.kind === 'text') this.#lastText = event.text;
    const line = this.#isToldAgain(event) ? null : transcriptLine(event);
    if (line !== null) {
      this.#told = event.kind === 'rate-limit' ? event.failure : null;
      this.#transcript.line(systemClock.nowMs(), 'agent', line);
      this.#transcript.flush();
    }
    this.#events.push(event, chars);
  };

  end(end: TurnEnd): void {
    if (!('why' in end)) return;
    this.#transcript.line(systemClock.nowMs(), 'agent', `[${end.kind}] ${end.why}`);
  }

  /** Nothing comes after it. */
  close(): void {
    this.#events.end();
    this.#transcript.close();
  }

  /** A program that tries again and again says so each time. */
  #isToldAgain(event: Told): boolean {
    if (event.kind !== 'rate-limit' || this.#told === null) return false;
    return failureWord(event.failure) === failureWord(this.#told) && event.failure.status === this.#told.status;
  }

  #withoutSecrets(event: Told): { readonly event: Told; readonly chars: number } {
    const short = shortened(event, SECRET_MARGIN);
    const text = JSON.stringify(short);
    const redacted = redactJson(text, (part) => this.#turn.redactor.text(part));
    const clean = shortened(redacted === text ? short : (JSON.parse(redacted) as Told), 0);
    const told =
      clean.kind === 'rate-limit' ? { ...clean, failure: checkedFailure(clean.failure, systemClock.nowMs()) } : clean;
    return { event: told, chars: redacted.length };
  }
}

type Told = Parameters<Emit>[0];

/** @param margin how much longer each of its texts may be. */
function shortened(event: Told, margin: number): Told {
  const cut = (text: string, max: number): string => keptText(text, max + margin);
  switch (event.kind) {
    case 'text':
    case 'thinking':
    case 'question':
    case 'told':
      return { ...event, text: cut(event.text, TEXT_MAX) };
    case 'tool':
      return {
        ...event,
        id: cut(event.id, NAME_MAX),
        name: cut(event.name, NAME_MAX),
        summary: cut(event.summary, SUMMARY_MAX),
      };
    case 'tool-result':
      return { ...event, id: cut(event.id, NAME_MAX), summary: cut(event.summary, SUMMARY_MAX) };
    case 'plan':
      return { ...event, entries: event.entries.slice(0, ENTRIES_MAX).map((entry) => cut(entry, SUMMARY_MAX)) };
    case 'error':
      return { ...event, message: cut(event.message, TEXT_MAX) };
    case 'session':
      return event.model === undefined ? event : { ...event, model: cut(event.model, NAME_MAX) };
    case 'rate-limit':
    case 'usage':
      return event;
    default:
      throw impossible(event satisfies never);
  }
}
