import { faultOf, isPassing } from '../../core/machine-fault.ts';
import { isUserError } from '../../core/user-error.ts';
import type { AgentEvent, AgentRun, TurnEnd } from '../agent.ts';
import { EventQueue } from '../event-queue.ts';

/**
 * Runs a turn as a stream of events that ends, whatever happens, with how the turn ended. Only a disk of which nothing is
 * certain any more is thrown to its reader, who must not go on either.
 */
export function streamTurn(work: (queue: EventQueue<AgentEvent>, signal: AbortSignal) => Promise<TurnEnd>): AgentRun {
  const queue = new EventQueue<AgentEvent>();
  const abort = new AbortController();
  const end = (how: TurnEnd): void => {
    queue.push({ kind: 'ended', end: how });
    queue.close();
  };
  void work(queue, abort.signal).then(end, (error: unknown) => {
    const fault = faultOf(error);
    if (fault === 'disk-broken') return queue.fail(error);
    end({ kind: 'infrastructure', why: whyOf(error), ...(isPassing(fault) ? { fault } : {}) });
  });
  return { events: queue, cancel: () => abort.abort() };
}

function whyOf(error: unknown): string {
  if (isUserError(error)) return `${error.message}. ${error.hint ?? ''}`.trim();
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
