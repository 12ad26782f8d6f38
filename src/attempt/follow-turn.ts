import type { AgentEvent, AgentRun, TurnEnd } from '../agents/agent.ts';
import { inertLine } from '../core/inert.ts';
import { addUsage } from '../core/usage.ts';
import type { Usage } from '../core/usage.ts';
import type { AttemptContext } from './attempt-context.ts';

const ACTIVITY_EVERY_MS = 1_000;
const ACTIVITY_MAX = 120;
const MODEL_MAX = 200;

/** What one turn came to. */
export interface Followed {
  readonly end: TurnEnd;
  /** Of this turn alone; null: the program has not said. */
  readonly usage: Usage | null;
  /** The session as the program named it last, and what it counts on; null: none was named. */
  readonly sessionId: string | null;
  /** As the program named it; null: it did not. */
  readonly model: string | null;
  readonly totals: Usage | null;
}

/**
 * Reads a turn to its end, and tells the store what the agent is doing, now and then. When the store takes nothing any
 * more (the lease is lost), the agent is ended first.
 */
export async function followTurn(context: AttemptContext, run: AgentRun): Promise<Followed> {
  const cancel = (): void => run.cancel();
  context.signal.addEventListener('abort', cancel, { once: true });
  if (context.signal.aborted) cancel();
  let toldMs = -Infinity;
  let end: TurnEnd | null = null;
  let usage: Usage | null = null;
  let totals: Usage | null = null;
  let sessionId: string | null = null;
  let model: string | null = null;
  let refusal: { readonly error: unknown } | null = null;
  try {
    for await (const event of run.events) {
      if (event.kind === 'ended') end = event.end;
      // It says nothing else for a while; and what it says next is not left out for it.
      const isBegun = event.kind === 'session' && sessionId === null;
      if (event.kind === 'session') {
        sessionId = event.id;
        model = event.model?.slice(0, MODEL_MAX) ?? model;
      }
      if (event.kind === 'usage') {
        usage = usage === null ? event.usage : addUsage(usage, event.usage);
        totals = event.totals;
      }
      const nowMs = context.clock.monotonicMs();
      if (refusal !== null || context.signal.aborted) continue;
      if (!isBegun && nowMs - toldMs < ACTIVITY_EVERY_MS) continue;
      const activity = isBegun ? begun(context.agentSpec, model) : describe(event);
      if (activity === null) continue;
      if (!isBegun) toldMs = nowMs;
      try {
        await context.store.progress(context.fence, context.taskId, context.attempt, { activity });
      } catch (error) {
        refusal = { error };
        run.cancel();
      }
    }
  } finally {
    context.signal.removeEventListener('abort', cancel);
  }
  if (refusal !== null) throw refusal.error;
  if (end === null) throw new Error('the agent ended without saying how');
  return { end, usage, sessionId, model, totals };
}

function begun(agentSpec: string, model: string | null): string {
  return inertLine(`${agentSpec} has begun${model === null ? '' : ` (${model})`}`, ACTIVITY_MAX);
}

function describe(event: AgentEvent): string | null {
  switch (event.kind) {
    case 'text':
    case 'thinking':
      return inertLine(event.text, ACTIVITY_MAX);
    case 'tool':
      return inertLine(`${event.name} ${event.summary}`, ACTIVITY_MAX);
    case 'rate-limit':
      return `waits for its provider (${event.failure.type})`;
    default:
      return null;
  }
}
