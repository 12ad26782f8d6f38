import { join } from 'node:path';

import { BLOCKED_FILE } from '../agents/command.ts';
import { excludedPaths, holdsBlockedFile } from '../agents/excluded-paths.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { gateSetting } from '../gates/gate-choice.ts';
import { provide, ProvisionError } from '../gates/provision.ts';
import { prewarmInto } from '../gates/prewarm.ts';
import { resolve } from '../git/depot.ts';
import { describeChanges } from '../git/history.ts';
import { openLane } from '../git/lane.ts';
import type { Lane } from '../git/lane.ts';
import { prepareLane } from '../git/prepare-lane.ts';
import { TARGET_RECORD } from '../git/target-sync.ts';
import { removeTree } from '../process/removal.ts';
import type { Layer } from '../sandbox/sandbox.ts';
import { agentCell } from './agent-cell.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { Ready } from './attempt-work.ts';

export interface Prepared extends Ready {
  readonly lane: Lane;
  /** What the agent's cell must have, to see all that was prewarmed. */
  readonly layers: readonly Layer[];
  /** Both sides of the conflicts that the lane holds, or null. */
  readonly conflict: { readonly paths: readonly string[]; readonly detail: string } | null;
}

const DETAIL_BYTES_MAX = 24 * 1024;
const EVENTS_MAX = 200;
const EXCERPT_MAX = 2000;

/** Fills the lane from the target's head, with earlier work carried over, and puts in what git does not hold. */
export async function prepare(context: AttemptContext): Promise<Prepared | AttemptOutcome> {
  const { depot, stateDirectory, pin, taskId, attempt, evidence, clock } = context;
  const base = await resolve(depot, TARGET_RECORD);
  if (base === null) return { kind: 'infrastructure', why: 'the depot does not hold the target yet' };
  const sandbox = context.cells.sandboxFor(agentCell(context));
  const { owner } = sandbox;
  const before = await openLane(depot, stateDirectory, taskId);
  const lane = await prepareLane({
    depot,
    stateDirectory,
    taskId,
    attempt,
    token: context.fence.token,
    base,
    identity: pin.config.identity,
    redactor: context.redactor,
    excludes: pin.excludes,
    excluded: excludedPaths(pin.config, before),
    include: pin.config.salvage.include,
    keepsake: evidence.directory,
    atMs: clock.nowMs(),
    owner,
  });
  // The question of an attempt before this one.
  if (!holdsBlockedFile(lane)) await removeTree(join(lane.directory, BLOCKED_FILE));
  const setting = gateSetting(context);
  try {
    await provide(pin.config.provision, pin.repository.root, lane.directory, owner);
  } catch (error) {
    if (error instanceof ProvisionError) return { kind: 'infrastructure', why: error.message };
    throw error;
  }
  const { signal } = context;
  const failureLog = evidence.path('prewarm.log');
  const warmed = await prewarmInto(setting, { tree: base, directory: lane.directory, signal, sandbox, failureLog });
  if (warmed.kind === 'cancelled' || warmed.kind === 'infrastructure') return warmed;
  if (warmed.kind === 'failed') {
    return { kind: 'infrastructure', why: `${warmed.why}; it ended with:\n${lastLines(warmed.logTail)}` };
  }
  const { layers } = warmed;
  if (lane.conflicts.length === 0) return { kind: 'ready', lane, layers, conflict: null };
  const from = before?.base ?? base;
  const detail =
    from === base
      ? await lastConflict(context)
      : await describeChanges(depot, { from, to: base, paths: lane.conflicts, maxBytes: DETAIL_BYTES_MAX });
  return { kind: 'ready', lane, layers, conflict: { paths: lane.conflicts, detail } };
}

/** No line of it is cut at its front. */
function lastLines(log: string): string {
  const text = log.trim();
  const end = text.slice(-EXCERPT_MAX);
  return end.length === text.length ? end : end.slice(end.indexOf('\n') + 1);
}

/** What the train said when it sent the task back: all that is known where the lane stands on the newest base already. */
async function lastConflict({ store, taskId }: AttemptContext): Promise<string> {
  const events = await store.events({ taskId, limit: EVENTS_MAX, newest: true });
  const data = events.findLast(({ type }) => type === 'task.conflicted')?.data as
    | { readonly detail?: unknown }
    | undefined;
  return typeof data?.detail === 'string' ? data.detail : '';
}
