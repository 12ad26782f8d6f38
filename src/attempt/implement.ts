import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import { BLOCKED_FILE } from '../agents/command.ts';
import { holdsBlockedFile } from '../agents/excluded-paths.ts';
import { TASK_FILE } from '../agents/program/turn-variables.ts';
import { choiceOf } from '../config/agent-choice.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { impossible } from '../core/impossible.ts';
import { inert, inertLine } from '../core/inert.ts';
import type { Packet } from '../core/packet.ts';
import type { Reporting } from '../core/prompt-report.ts';
import { renderStanding } from '../core/prompt-standing.ts';
import { renderPrompt } from '../core/prompt.ts';
import type { TaskSpec } from '../core/task.ts';
import { gateOf } from '../gates/gate-choice.ts';
import { errnoOf } from '../process/errno.ts';
import { writeFile } from '../process/file-system.ts';
import { readFileBeneath } from '../process/file.ts';
import { giveTree } from '../process/owner.ts';
import { removeTree } from '../process/removal.ts';
import { agentCell, agentSettings } from './agent-cell.ts';
import { takeTurns } from './agent-turns.ts';
import type { TurnsEnd } from './agent-turns.ts';
import type { AttemptContext } from './attempt-context.ts';
import { outboxOf } from './evidence.ts';
import { findHandover } from './handover.ts';
import { hiddenHint } from './hidden-hint.ts';
import type { Prepared } from './prepare.ts';
import { reportingOf } from './turn-place.ts';

const QUESTION_BYTES_MAX = 64 * 1024;

export interface Implemented {
  readonly kind: 'implemented';
  readonly packet: Packet;
}

/** Lets the agent work in the lane until it ends, and reads how it ended. No text of it counts as success. */
export async function implement(
  context: AttemptContext,
  spec: TaskSpec,
  prepared: Prepared,
): Promise<Implemented | AttemptOutcome> {
  const agent = await context.agentFor(context.agentSpec);
  const reporting = reportingOf(agent);
  const prompt = context.redactor.text(await makePrompt(context, spec, prepared, reporting));
  await context.evidence.write('prompt.md', prompt);
  const system = renderStanding({ task: { id: context.taskId }, attempt: context.attempt, reporting });
  if (system !== null) await context.evidence.write('system.md', system);
  await context.evidence.writeJson('cell.json', context.cells.describe(agentCell(context)));
  if (context.attempt > 1) await removeTree(outboxOf(context.stateDirectory, context.taskId, context.attempt - 1));
  await writeFile(join(context.evidence.outbox, TASK_FILE), `${JSON.stringify(spec, null, 2)}\n`);
  const { owner } = context.cells.sandboxFor(agentCell(context));
  if (owner !== null) giveTree(context.evidence.outbox, owner);
  const end = await takeTurns(context, { agent, spec, prompt, system, prepared });
  const outcome = withHint(context, await outcomeOf(context, prepared, end));
  // It was read, and what else the agent may have put there is no evidence. Whoever has lost the lease writes nothing.
  if (!context.signal.aborted) await removeTree(context.evidence.outbox);
  return outcome;
}

/** A failure that a person can mend in the configuration says so. */
function withHint(context: AttemptContext, outcome: Implemented | AttemptOutcome): Implemented | AttemptOutcome {
  if (outcome.kind !== 'no-packet' && outcome.kind !== 'infrastructure') return outcome;
  const policy = agentCell(context);
  if (context.cells.describe(policy).sandbox === 'none') return outcome;
  const settings = agentSettings(context);
  const command = settings === undefined || settings.kind === 'replay' ? null : settings.run;
  const places = { path: process.env['PATH'] ?? '', stateDirectory: context.stateDirectory };
  return { ...outcome, why: outcome.why + hiddenHint(outcome.why, command, policy, places) };
}

async function outcomeOf(
  context: AttemptContext,
  prepared: Prepared,
  end: TurnsEnd,
): Promise<Implemented | AttemptOutcome> {
  switch (end.kind) {
    case 'finished': {
      const question = await readBlockedFile(prepared);
      if (question !== null) return { kind: 'question', text: question };
      await context.evidence.writeJson('packet.json', {
        task: context.taskId,
        attempt: context.attempt,
        token: context.fence.token,
        ...end.packet,
      });
      return { kind: 'implemented', packet: end.packet };
    }
    case 'question':
      return { kind: 'question', text: inert(end.text) };
    case 'no-packet': {
      const question = await readBlockedFile(prepared);
      if (question !== null) return { kind: 'question', text: question };
      return { kind: 'no-packet', why: inertLine(end.why, 500), outputTail: inert(end.outputTail) };
    }
    case 'provider': {
      const { pool } = choiceOf(context.agentSpec, context.pin.config);
      const { failure } = end;
      const provider = { kind: 'provider', why: inertLine(end.why, 500), retryAtMs: failure.resetMs, failure } as const;
      return pool === null ? provider : { ...provider, pool };
    }
    case 'not-taken':
      return end.outcome;
    case 'infrastructure':
      return { ...end, why: inert(end.why).slice(0, 4000) };
    case 'cancelled':
      return { kind: 'cancelled' };
    default:
      throw impossible(end satisfies never);
  }
}

/** The question of a program that has no other way to ask; null where the file is the project's own. */
async function readBlockedFile({ lane }: Prepared): Promise<string | null> {
  if (holdsBlockedFile(lane)) return null;
  const file = await readFileBeneath(lane.directory, BLOCKED_FILE, { maxBytes: QUESTION_BYTES_MAX });
  if (file.kind === 'missing') return null;
  // Behind a directory that it closed there may be no such file at all: the walk opens it, and says what is wrong.
  if (file.kind === 'refused' && !isThere(join(lane.directory, BLOCKED_FILE))) return null;
  if (file.kind === 'refused') return `It left a ${BLOCKED_FILE} that could not be read: ${file.why}.`;
  const text = inert(file.data.toString('utf8')).trim();
  return text === '' ? null : text;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}

async function makePrompt(
  context: AttemptContext,
  spec: TaskSpec,
  prepared: Prepared,
  reporting: Reporting,
): Promise<string> {
  const { store, taskId, attempt, pin } = context;
  const attempts = await store.attempts(taskId);
  const gate = gateOf(pin.config, spec.gate);
  return renderPrompt({
    task: spec,
    attempt,
    protectedPatterns: pin.config.protected,
    gate: { name: gate.name, command: gate.gate.run },
    previous: attempts.flatMap((record) =>
      record.attempt < attempt && record.outcome !== null ? [{ attempt: record.attempt, outcome: record.outcome }] : [],
    ),
    conflict: prepared.conflict,
    blame: await lastBlame(context),
    answers: await store.answers(taskId),
    reporting,
    handedOver: await findHandover(context, attempts),
  });
}

/** Why the train sent the task back, if that is the last thing that happened to it before this attempt. */
async function lastBlame({ store, taskId }: AttemptContext): Promise<{ detail: string } | null> {
  const events = await store.events({ taskId, limit: 50, newest: true });
  const last = events.findLast(({ type }) => type === 'task.blamed' || type === 'task.accepted');
  if (last?.type !== 'task.blamed') return null;
  const data = last.data as { readonly detail?: unknown };
  return { detail: typeof data.detail === 'string' ? data.detail : '' };
}
