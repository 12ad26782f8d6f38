import { join } from 'node:path';

import { agentEnvironment } from '../agents/account.ts';
import { agentHome } from '../agents/agent-home.ts';
import type { Agent, Turn, TurnEnd } from '../agents/agent.ts';
import type { OpenTools } from '../agents/tools/open-issue-tools.ts';
import { lastCallMs } from '../core/last-call.ts';
import { isProgramKind } from '../core/agent-kind.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { NUDGES_MAX, renderNudge } from '../core/nudge.ts';
import type { TaskSpec } from '../core/task.ts';
import { mkdir } from '../process/file-system.ts';
import { systemHost } from '../process/host.ts';
import type { Owner } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { makeTemporary } from '../process/temporary.ts';
import { thenClose } from '../process/then-close.ts';
import { agentCell, agentSettings } from './agent-cell.ts';
import { openAttemptTools } from './attempt-tools.ts';
import type { AttemptContext } from './attempt-context.ts';
import { followTurn, tellingStore } from './follow-turn.ts';
import type { Followed } from './follow-turn.ts';
import { keepCheckpoint } from './handover.ts';
import { outlast } from './outlast.ts';
import type { Prepared } from './prepare.ts';
import { findLastSession, recordSession } from './session-evidence.ts';
import type { LastSession, SessionPlace } from './session-evidence.ts';
import { openAccount } from './turn-account.ts';
import type { OpenTurn } from './turn-account.ts';
import { placeTurn, reportingOf } from './turn-place.ts';

const PATIENCE_MS = 180_000;

/** How the last turn of an attempt ended: none of these is gone on with in it. */
export type TurnsEnd =
  | Exclude<TurnEnd, { readonly kind: 'unfinished' | 'session-refused' }>
  /** Its pool or a budget had no room for a further turn. */
  | { readonly kind: 'not-taken'; readonly outcome: AttemptOutcome };

/** What the agent is to do, and where. */
export interface Work {
  readonly agent: Agent;
  readonly spec: TaskSpec;
  readonly prompt: string;
  /** Standing instructions; null: they are in the prompt. */
  readonly system: string | null;
  readonly prepared: Prepared;
}

/**
 * Lets the agent take turns until it has said how its work ended: with its last session where that may be gone on with,
 * with a new one where the program refuses it, and with a nudge where a turn ends without a terminal signal.
 */
export async function takeTurns(context: AttemptContext, work: Work): Promise<TurnsEnd> {
  const tools = reportingOf(work.agent) === 'tools' ? await openAttemptTools(context, work.spec) : null;
  return thenClose(
    async () => {
      const end = await turnByTurn(context, work, tools);
      if (!context.signal.aborted) {
        const checkpoint = tools?.checkpoint ?? null;
        await outlast(systemHost(), context.signal, () => keepCheckpoint(context, checkpoint));
      }
      return end;
    },
    async () => tools?.close(),
  );
}

async function turnByTurn(
  context: AttemptContext,
  { agent, prompt, system, prepared }: Work,
  tools: OpenTools | null,
): Promise<TurnsEnd> {
  const place: SessionPlace = {
    agent,
    agentSpec: context.agentSpec,
    role: 'implementer',
    directory: prepared.lane.directory,
    baseCommit: prepared.lane.base,
  };
  const account = openAccount(context, place.role);
  let held = await findLastSession(context, place);
  let words = prompt;
  let nudges = 0;
  for (let number = 1; ; number += 1) {
    const open = await account.reserve(number);
    if (open.kind !== 'open') return { kind: 'not-taken', outcome: open };
    const followed = await takeTurn(context, { agent, prepared, prompt: words, system, number, held, tools, open });
    // What the agent wanted to tell could not be written: the lease is lost, and no other turn is taken.
    if (tools?.refusal) throw tools.refusal.error;
    const { end, usage, model, reached } = followed;
    // Whoever has lost the lease writes nothing: the turn is settled with the attempt.
    if (!context.signal.aborted) {
      await outlast(systemHost(), context.signal, () => open.settle({ end, usage, model, reached }));
    }
    if (end.kind === 'session-refused') {
      await context.evidence.writeJson(`session-refused-${number}.json`, { session: held?.id ?? null, why: end.why });
      // Whoever refuses a new session, too, has no other to be asked for.
      if (held === null) return { kind: 'no-packet', why: end.why, outputTail: '' };
      held = null;
      words = prompt;
      continue;
    }
    held = await keepSession(context, place, followed, held);
    if (end.kind !== 'unfinished') return end;
    if (nudges === NUDGES_MAX || context.signal.aborted) {
      return { kind: 'no-packet', why: `${end.why}, in ${nudges + 1} turns`, outputTail: end.outputTail };
    }
    nudges += 1;
    const { taskId, attempt } = context;
    const nudge = renderNudge(end.why, { task: { id: taskId }, attempt, reporting: reportingOf(agent) });
    words = held === null ? `${prompt}\n${nudge}` : nudge;
  }
}

/** What the next turn goes on with; null: nothing. */
async function keepSession(
  context: AttemptContext,
  place: SessionPlace,
  { sessionId, totals }: Followed,
  before: LastSession | null,
): Promise<LastSession | null> {
  if (!place.agent.capabilities.resume || context.signal.aborted) return null;
  const id = sessionId ?? before?.id ?? null;
  const begun = before !== null && before.id === id ? before.begun : null;
  const record = await recordSession(context, place, { id, totals: totals ?? before?.totals ?? null, begun });
  return id === null ? null : { id, totals: record.totals, begun: record };
}

interface TurnWish {
  readonly agent: Agent;
  readonly prepared: Prepared;
  readonly prompt: string;
  readonly system: string | null;
  /** Counts from 1 in each attempt. */
  readonly number: number;
  readonly held: LastSession | null;
  readonly tools: OpenTools | null;
  readonly open: OpenTurn;
}

async function takeTurn(context: AttemptContext, wish: TurnWish): Promise<Followed> {
  const temporaries = join(context.stateDirectory, 'tmp');
  await mkdir(temporaries, { recursive: true });
  const temporary = await makeTemporary(join(temporaries, 'agent-'));
  return thenClose(
    async () => {
      const run = wish.agent.start(await makeTurn(context, wish, temporary));
      return followTurn(run, context.signal, tellingStore(context));
    },
    () => removeTree(temporary),
  );
}

async function makeTurn(
  context: AttemptContext,
  { agent, prepared: { lane, layers }, prompt, system, number, held, tools, open }: TurnWish,
  temporary: string,
): Promise<Turn> {
  const { evidence, cells, pin } = context;
  const policy = agentCell(context);
  const placed = await placeTurn({
    agent,
    cells,
    policy,
    directory: lane.directory,
    layers,
    outbox: evidence.outbox,
    home: await homeOf(context, agent, cells.sandboxFor(policy).owner, temporary),
    temporary,
    // What the lane's own git directory borrows from.
    readable: [join(context.depot.path, 'objects')],
    tools,
    evidence: (name) => evidence.path(name),
    number,
  });
  return {
    ...placed,
    taskId: context.taskId,
    attempt: context.attempt,
    token: context.fence.token,
    baseCommit: lane.base,
    prompt,
    system,
    session: held === null ? null : { id: held.id, totals: held.totals },
    maxCostUsd: open.maxCostUsd,
    environment: agentEnvironment(pin.config, agentSettings(context)),
    marker: context.marker,
    ...limitsOf(context, open),
    // A pin of an older version names none.
    patienceMs: pin.config.limits.agentPatienceMs ?? PATIENCE_MS,
    killGraceMs: pin.config.limits.killGraceMs,
    redactor: context.redactor,
  };
}

/** A program of the operator's own keeps no sessions. */
function homeOf(context: AttemptContext, agent: Agent, owner: Owner | null, temporary: string): Promise<string> {
  return agentHome(
    isProgramKind(agent.kind) ? context.stateDirectory : temporary,
    context.taskId,
    'implementer',
    owner,
  );
}

type Limits = Pick<Turn, 'timeoutMs' | 'idleMs' | 'lastCallMs'>;

/** A `command` may well be silent until it ends, so that it has an idle limit only where it was given one. */
function limitsOf(context: AttemptContext, { maxMs }: OpenTurn): Limits {
  const { limits } = context.pin.config;
  const settings = agentSettings(context);
  if (settings === undefined || settings.kind === 'replay') {
    return within(atMost(limits.agentTimeoutMs, maxMs), limits.agentIdleMs);
  }
  return within(atMost(settings.timeoutMs, maxMs), settings.idleMs);
}

function within(timeoutMs: number, idleMs: number | null): Limits {
  return { timeoutMs, idleMs, lastCallMs: lastCallMs(timeoutMs) };
}

/** @param maxMs what is left of a budget; null: no limit. */
function atMost(timeoutMs: number, maxMs: number | null): number {
  return maxMs === null ? timeoutMs : Math.min(timeoutMs, maxMs);
}
