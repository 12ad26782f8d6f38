import type { Agent } from '../agents/agent.ts';
import { parseAgentSpec } from '../core/agent-spec.ts';
import { chooseSession, isSessionId } from '../core/session.ts';
import type { SessionIdentity, SessionRecord, SessionRole } from '../core/session.ts';
import type { Usage } from '../core/usage.ts';
import { isAncestor, resolve } from '../git/depot.ts';
import type { Depot } from '../git/depot.ts';
import type { AttemptContext } from './attempt-context.ts';
import { readEarlierJson } from './earlier-evidence.ts';
import { templateHash } from './prompt-template.ts';

export interface SessionPlace {
  readonly agent: Agent;
  /** `name[:model[:effort]]`. */
  readonly agentSpec: string;
  readonly role: SessionRole;
  /** The lane's. */
  readonly directory: string;
  readonly baseCommit: string;
}

/** A session that the next turn goes on with. */
export interface LastSession {
  readonly id: string;
  readonly totals: Usage | null;
  /** The record that it was begun under; null: it began in this attempt. */
  readonly begun: SessionRecord | null;
}

function fileOf(role: SessionRole): string {
  return `session-${role}.json`;
}

/**
 * The last session of this task and role, where it may be gone on with; null: a new one begins. A refusal, with its
 * reason, goes to the evidence.
 */
export async function findLastSession(context: AttemptContext, place: SessionPlace): Promise<LastSession | null> {
  if (!place.agent.capabilities.resume) return null;
  const record = await lastRecord(context, place.role);
  const choice = chooseSession(record, {
    ...(await identityOf(context, place)),
    enabled: context.pin.config.continuity.session === 'on',
    nowMs: context.clock.nowMs(),
    isBaseAncestor: record !== null && (await isBehind(context.depot, record.baseCommit, place.baseCommit)),
  });
  await context.evidence.writeJson(`session-choice-${place.role}.json`, {
    ...(choice.kind === 'resume' ? { resumes: choice.sessionId } : { fresh: choice.refusal }),
    from: record?.attempt ?? null,
  });
  if (choice.kind === 'fresh' || record === null) return null;
  return { id: choice.sessionId, totals: choice.totals, begun: record };
}

/** A base that is gone from the depot is one that the target has left. */
async function isBehind(depot: Depot, base: string, commit: string): Promise<boolean> {
  return (await resolve(depot, base)) !== null && (await isAncestor(depot, base, commit));
}

async function identityOf(
  context: AttemptContext,
  { agent, agentSpec, role, directory }: SessionPlace,
): Promise<SessionIdentity> {
  const { model, effort } = parseAgentSpec(agentSpec);
  return {
    provider: agent.kind,
    role,
    taskId: context.taskId,
    runner: await agent.runner(),
    model,
    effort,
    templateHash: templateHash(),
    directory,
  };
}

/** Keeps what is known of the session for the attempts after this one. */
export async function recordSession(
  context: AttemptContext,
  place: SessionPlace,
  session: { readonly id: string | null; readonly totals: Usage | null; readonly begun: SessionRecord | null },
): Promise<SessionRecord> {
  const record: SessionRecord = {
    ...(await identityOf(context, place)),
    sessionId: session.id,
    createdMs: session.begun?.createdMs ?? context.clock.nowMs(),
    baseCommit: session.begun?.baseCommit ?? place.baseCommit,
    attempt: context.attempt,
    totals: session.totals,
  };
  await context.evidence.writeJson(fileOf(place.role), record);
  return record;
}

/** Of the newest attempt before this one that had a session. Attempts that came to their gate at once had none. */
async function lastRecord(context: AttemptContext, role: SessionRole): Promise<SessionRecord | null> {
  for (let attempt = context.attempt - 1; attempt > 0; attempt -= 1) {
    const record = toRecord(await readEarlierJson(context, attempt, fileOf(role)));
    if (record !== null) return record;
  }
  return null;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const COUNTS = ['inputTokens', 'cachedTokens', 'cacheWriteTokens', 'outputTokens'] as const;

/** What is only compared may be anything; what is counted with, or handed to git, may not. */
function toRecord(data: unknown): SessionRecord | null {
  if (typeof data !== 'object' || data === null) return null;
  const { sessionId, createdMs, baseCommit, totals } = data as { readonly [K in keyof SessionRecord]?: unknown };
  if (sessionId !== null && (typeof sessionId !== 'string' || !isSessionId(sessionId))) return null;
  if (typeof createdMs !== 'number' || typeof baseCommit !== 'string' || !COMMIT.test(baseCommit)) return null;
  return totals === null || isUsage(totals) ? (data as SessionRecord) : null;
}

function isUsage(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  const { costUsd, ...counts } = data as { readonly [K in keyof Usage]?: unknown };
  if (costUsd !== null && typeof costUsd !== 'number') return false;
  return COUNTS.every((key) => typeof counts[key] === 'number');
}
