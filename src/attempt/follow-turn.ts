import type { AgentEvent, AgentRun, TurnEnd } from '../agents/agent.ts';
import { inertLine } from '../core/inert.ts';
import { failureWord } from '../core/provider-failure.ts';
import { addUsage } from '../core/usage.ts';
import type { Usage } from '../core/usage.ts';
import type { AttemptContext } from './attempt-context.ts';
import { ifThereIsRoom } from './outlast.ts';

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
  readonly reached: Reached;
}

/** `nothing`: no program was started. `work`: it has called a tool, so that its provider has served it. */
export type Reached = 'nothing' | 'start' | 'work';

/**
 * Reads a turn to its end. When `hear` throws, the agent is ended first, and nothing more is told.
 * @param signal ends the agent.
 */
export async function followTurn(
  run: AgentRun,
  signal: AbortSignal,
  hear: (event: AgentEvent) => Promise<void> | void,
): Promise<Followed> {
  const cancel = (): void => run.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  let end: TurnEnd | null = null;
  let usage: Usage | null = null;
  let totals: Usage | null = null;
  let sessionId: string | null = null;
  let model: string | null = null;
  let reached: Reached = 'nothing';
  let refusal: { readonly error: unknown } | null = null;
  try {
    for await (const event of run.events) {
      if (event.kind === 'ended') end = event.end;
      if (event.kind === 'started' && reached === 'nothing') reached = 'start';
      if (event.kind === 'tool') reached = 'work';
      if (event.kind === 'session') {
        sessionId = event.id;
        model = event.model?.slice(0, MODEL_MAX) ?? model;
      }
      if (event.kind === 'usage') {
        usage = usage === null ? event.usage : addUsage(usage, event.usage);
        totals = event.totals;
      }
      if (refusal !== null || signal.aborted) continue;
      try {
        await hear(event);
      } catch (error) {
        refusal = { error };
        run.cancel();
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  if (refusal !== null) throw refusal.error;
  if (end === null) throw new Error('the agent ended without saying how');
  return { end, usage, sessionId, model, totals, reached };
}

/** Tells the store what the agent is doing, now and then. It throws when the lease is lost. */
export function tellingStore(context: AttemptContext): (event: AgentEvent) => Promise<void> {
  const { store, clock, fence, taskId, attempt, agentSpec } = context;
  let toldMs = -Infinity;
  let hasBegun = false;
  return async (event) => {
    const nowMs = clock.monotonicMs();
    // It says nothing else for a while; and what it says next is not left out for it.
    const begins = event.kind === 'session' && !hasBegun;
    if (!begins && nowMs - toldMs < ACTIVITY_EVERY_MS) return;
    const activity = begins ? begun(agentSpec, event.model ?? null) : describe(event);
    if (activity === null) return;
    if (begins) hasBegun = true;
    else toldMs = nowMs;
    await ifThereIsRoom(() => store.progress(fence, taskId, attempt, { activity }));
  };
}

function begun(agentSpec: string, model: string | null): string {
  const named = model === null ? '' : ` (${model.slice(0, MODEL_MAX)})`;
  return inertLine(`${agentSpec} has begun${named}`, ACTIVITY_MAX);
}

function describe(event: AgentEvent): string | null {
  switch (event.kind) {
    case 'text':
    case 'thinking':
      return inertLine(event.text, ACTIVITY_MAX);
    case 'tool':
      return inertLine(`${event.name} ${event.summary}`, ACTIVITY_MAX);
    case 'rate-limit':
      return `waits for its provider (${failureWord(event.failure)})`;
    default:
      return null;
  }
}
