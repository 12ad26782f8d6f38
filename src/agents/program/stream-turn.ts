import { isUserError } from '../../core/user-error.ts';
import type { AgentEvent, AgentRun, TurnEnd } from '../agent.ts';
import { EventQueue } from '../event-queue.ts';

/** Runs a turn as a stream of events that ends, whatever happens, with how the turn ended. */
export function streamTurn(work: (queue: EventQueue<AgentEvent>, signal: AbortSignal) => Promise<TurnEnd>): AgentRun {
  const queue = new EventQueue<AgentEvent>();
  const abort = new AbortController();
  const end = (how: TurnEnd): void => {
    queue.push({ kind: 'ended', end: how });
    queue.close();
  };
  void work(queue, abort.signal).then(end, (error: unknown) => {
    end({ kind: 'infrastructure', why: whyOf(error) });
  });
  return { events: queue, cancel: () => abort.abort() };
}

function whyOf(error: unknown): string {
  if (isUserError(error)) return `${error.message}. ${error.hint ?? ''}`.trim();
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
