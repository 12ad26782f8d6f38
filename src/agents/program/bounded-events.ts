import { addUsage } from '../../core/usage.ts';
import type { AgentEvent } from '../agent.ts';
import type { EventQueue } from '../event-queue.ts';

type Usage = Extract<AgentEvent, { readonly kind: 'usage' }>;
type Session = Extract<AgentEvent, { readonly kind: 'session' }>;

/*
 * The events of a turn on their way to who reads them, who may be slower than the program. Invariants:
 * 1. What waits is bounded, whatever the program says.
 * 2. Whoever adds up what was used misses nothing of it, and learns of the last session and its model. Of what waits beyond
 *    the bound, usage is added up and the last session kept; all else is missed. The transcript has it.
 */
export class BoundedEvents {
  readonly #queue: EventQueue<AgentEvent>;
  #usage: Usage | null = null;
  #session: Session | null = null;

  constructor(queue: EventQueue<AgentEvent>) {
    this.#queue = queue;
  }

  push(event: AgentEvent, chars: number): void {
    if (this.#queue.hasRoom) {
      this.#release();
      this.#queue.push(event, chars);
    } else if (event.kind === 'usage') {
      const { usage, totals } = event;
      this.#usage = this.#usage === null ? event : { kind: 'usage', usage: addUsage(this.#usage.usage, usage), totals };
    } else if (event.kind === 'session') {
      this.#session = { ...this.#session, ...event };
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#release();
  }

  #release(): void {
    if (this.#session !== null) this.#queue.push(this.#session);
    if (this.#usage !== null) this.#queue.push(this.#usage);
    this.#session = null;
    this.#usage = null;
  }
}
