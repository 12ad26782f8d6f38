import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { listPaths } from '../core/decision.ts';
import { inertLine } from '../core/inert.ts';
import { isAncestor, treeOf } from '../git/depot.ts';
import type { Depot } from '../git/depot.ts';
import { describeChanges, firstHolder } from '../git/history.ts';
import { writeCommit } from '../git/merge.ts';
import type { MergeResult } from '../git/merge.ts';
import { mergeWork } from '../git/merge-work.ts';
import { errnoOf } from '../process/errno.ts';
import { isDefective } from '../process/failpoint.ts';
import type { TaskRecord } from '../store/store.ts';
import { unapproved } from './approval.ts';
import type { TrainContext } from './train-context.ts';
import type { CandidateResult } from './train-work.ts';

const DETAIL_BYTES_MAX = 24 * 1024;
const TITLE_MAX = 200;

/** Merges in memory: one merge commit, its first parent the target. */
export async function makeCandidate(
  context: TrainContext,
  task: TaskRecord,
  work: { readonly attempt: number; readonly head: string; readonly base: string },
): Promise<CandidateResult> {
  const { depot, merger, pin, host } = context;
  const isThere = !isDefective('landed-again') && (await isAncestor(depot, work.head, work.base));
  if (isThere) return landedAlready(depot, work);
  const by = { identity: pin.config.identity, atMs: host.clock.nowMs() };
  const { merge, isUprooted } = await mergeWork({ depot, merger, target: work.base, work: work.head, ...by });
  if (merge.kind === 'conflict') return describeConflict(context, merge, work);
  const { tree } = merge;
  const combination = { ...work, taskId: task.spec.id, tree };
  const title = inertLine(task.spec.title, TITLE_MAX);
  const held = await unapproved(context, combination, { author: by.identity, atMs: by.atMs, title });
  if (held !== null) return held;
  const made = {
    tree,
    message: await renderMessage(context, task, work.attempt),
    author: by.identity,
    atMs: by.atMs,
  };
  // What a person took off the target must not come back as history of the work either.
  const second = isUprooted ? await writeCommit(depot, { ...made, parents: [work.base] }) : work.head;
  const commit = await writeCommit(depot, { ...made, parents: [work.base, second] });
  return { kind: 'made', candidate: { commit, tree, base: work.base } };
}

/** The oldest commit of the target, by first parents, that holds the head. */
async function landedAlready(
  depot: Depot,
  { head, base }: { readonly head: string; readonly base: string },
): Promise<CandidateResult> {
  const commit = (await firstHolder(depot, head, base)) ?? base;
  return { kind: 'landed', candidate: { commit, tree: await treeOf(depot, commit), base: `${commit}^` } };
}

/** The tree of the target itself, for the control run. */
export async function controlTree(context: TrainContext, base: string): Promise<string> {
  return treeOf(context.depot, base);
}

async function describeConflict(
  context: TrainContext,
  merge: MergeResult & { kind: 'conflict' },
  work: { readonly head: string; readonly base: string },
): Promise<CandidateResult> {
  const { depot } = context;
  const theirs = await describeChanges(depot, {
    from: `${work.head}^`,
    to: work.base,
    paths: merge.paths,
    maxBytes: DETAIL_BYTES_MAX,
  });
  return {
    kind: 'conflict',
    why: `it conflicts with what has landed since, in ${listPaths(merge.paths)}`,
    detail: `${merge.messages.join('\n')}\n\nWhat landed meanwhile:\n${theirs}`,
  };
}

async function renderMessage(context: TrainContext, task: TaskRecord, attempt: number): Promise<string> {
  const { id, title } = task.spec;
  const evidence = `attempts/${id}/${attempt}`;
  const manifest = await manifestHash(join(context.stateDirectory, evidence));
  return [
    inertLine(title, TITLE_MAX),
    '',
    `Yard-Task: ${id}`,
    `Yard-Attempt: ${attempt}`,
    `Yard-Evidence: ${evidence}${manifest === null ? '' : ` sha256:${manifest}`}`,
    '',
  ].join('\n');
}

async function manifestHash(directory: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(join(directory, 'manifest.json')))
      .digest('hex');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
