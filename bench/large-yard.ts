import { makeRedactor } from '../src/core/redact.ts';
import { NO_SANDBOXES } from '../test/fixtures/cells.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { formatTaskFile } from '../src/config/task-file-writer.ts';
import type { TaskSpec } from '../src/core/task.ts';
import { DEFAULT_RETRY_POLICY } from '../src/core/task-state.ts';
import { openDepot } from '../src/git/depot.ts';
import { findRepository } from '../src/git/repository.ts';
import { syncTarget } from '../src/git/target-sync.ts';
import { freeSpaceAt } from '../src/process/disk-space.ts';
import { systemHost } from '../src/process/host.ts';
import { systemClock } from '../src/process/clock.ts';
import { currentBootId, ownIdentity } from '../src/process/identity.ts';
import { SettingsSource } from '../src/reconcile/settings.ts';
import type { LocalYard } from '../src/reconcile/yard.ts';
import { openStore } from '../src/store/sqlite-store.ts';
import type { Store } from '../src/store/store.ts';
import { LocalTaskSource } from '../src/trackers/local-files.ts';
import { YARD } from './program.ts';
import { configText, git, makeProject } from './project.ts';

/** A yard in the middle of its work. */
export interface LargeYard {
  readonly repository: string;
  readonly state: string;
  /** Id of a ready task that waits for another. */
  readonly waiting: string;
}

interface Size {
  /** An empty directory. */
  readonly directory: string;
  readonly state: string;
  readonly tasks: number;
  readonly running: number;
}

const LANDED_SHARE = 0.6;
/** Events that a task has left behind by the time it has landed. */
const LANDED_EVENTS = 12;
const LEASE_MS = 3_600_000;

/**
 * Makes a yard of which three fifths have landed, some run (leased by this process, so that their owners live), and the
 * rest is ready: owners of a directory each, every third of them after another, with files in `.yard/tasks`.
 */
export async function makeLargeYard({ directory, state, tasks, running }: Size): Promise<LargeYard> {
  const repository = join(directory, 'repository');
  const landed = Math.floor(tasks * LANDED_SHARE);
  const specs = Array.from({ length: tasks }, (_, index) => taskSpec(index, landed, landed + running));
  const config = { '.yard/config.yaml': configText({ agent: 'true', concurrent: Math.max(1, running) }) };
  makeProject(repository, config);
  git(repository, 'branch', 'agent/integration');
  mkdirSync(join(repository, '.yard/tasks'));
  for (const spec of specs) writeFileSync(join(repository, `.yard/tasks/${spec.id}-task.md`), formatTaskFile(spec));

  const yard = await openYard(repository, state);
  try {
    const { imports } = await new LocalTaskSource(repository).changes([]);
    await yard.store.importTasks(imports);
    land(join(state, 'state.db'), specs.slice(0, landed), git(repository, 'rev-parse', 'HEAD'));
    await dispatchAll(yard.store, specs.slice(landed, landed + running));
    // As a run does, so that there is a pin to look by.
    yard.settings.takeCharge();
    await yard.settings.current();
  } finally {
    await yard.store.close();
  }
  return { repository, state, waiting: specs.at(-1)?.id ?? '' };
}

/** Opens it as `main.ts` does. */
export async function openYard(root: string, stateDirectory: string): Promise<LocalYard> {
  const repository = await findRepository(root);
  const store = await openStore(join(stateDirectory, 'state.db'), {
    clock: systemClock,
    policy: () => DEFAULT_RETRY_POLICY,
  });
  const depot = await openDepot(stateDirectory, repository.format);
  return {
    store,
    host: systemHost(),
    redactor: makeRedactor([]),
    depot,
    tracker: new LocalTaskSource(repository.root),
    syncTarget: (ref, known) => syncTarget({ repository, depot, ref }, known),
    freeSpace: () => ({ state: freeSpaceAt(stateDirectory), repository: freeSpaceAt(repository.commonDirectory) }),
    repository,
    stateDirectory,
    settings: new SettingsSource(repository, stateDirectory, {}, join(stateDirectory, 'current-pin'), () =>
      Promise.resolve(NO_SANDBOXES),
    ),
    self: YARD,
  };
}

function taskSpec(index: number, landed: number, firstReady: number): TaskSpec {
  const id = taskId(index);
  return {
    id,
    title: `Bring package ${index} up to the new interface`,
    area: `area-${index % 20}`,
    objective: `Package ${index} still uses the old interface. Use the new one, and remove what is left of the old.`,
    acceptance: ['the tests of the package pass', 'nothing of the old interface is left'],
    context: '',
    owns: [`packages/group-${index % 100}/package-${index}`, `docs/package-${index}.md`],
    forbids: [`packages/group-${index % 100}/package-${index}/vendor`],
    // Half of them wait for something that has landed, half for something that has not.
    after: index >= firstReady && index % 3 === 0 ? [taskId(index % 2 === 0 ? index - 1 : index % landed)] : [],
    gate: null,
    agent: null,
    priority: index % 5,
    supersedes: [],
    testPolicy: null,
    extra: [],
  };
}

function taskId(index: number): string {
  return `TASK-${String(index + 1).padStart(5, '0')}`;
}

/** Rows and events as landings leave them, written at once: through the store they would take an hour of syncing. */
function land(file: string, specs: readonly TaskSpec[], commit: string): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('begin immediate');
    const event = db.prepare('insert into events (at_ms, task_id, attempt, type, data) values (?, ?, 1, ?, ?)');
    const update = db.prepare(
      `update tasks set status = 'landed', state = ?, attempts = 1, event_seq = ? where id = ?`,
    );
    const state = JSON.stringify({ status: 'landed', commit });
    for (const { id } of specs) {
      let seq: number | bigint = 0;
      for (let count = 0; count < LANDED_EVENTS; count += 1) {
        const data = JSON.stringify({ phase: 'implementing', from: 'preparing', count });
        seq = event.run(Date.now(), id, 'attempt.phase', data).lastInsertRowid;
      }
      update.run(state, seq, id);
    }
    db.exec('commit');
  } finally {
    db.close();
  }
}

async function dispatchAll(store: Store, specs: readonly TaskSpec[]): Promise<void> {
  const expires = systemClock.monotonicMs() + LEASE_MS;
  const acquired = await store.acquire('scheduler', ownIdentity(), expires, () => true);
  if (acquired.kind === 'held') throw new Error('the scheduler lease is held');
  for (const { id } of specs) {
    const options = { agent: 'shell', bootId: currentBootId(), expiresMonotonicMs: expires };
    const { attempt, fence, intentId } = await store.dispatch(acquired.fence, id, options);
    await store.spawned(acquired.fence, intentId);
    await store.claim(fence, ownIdentity(), expires);
    await store.progress(fence, id, attempt, { phase: 'implementing', activity: 'reading the old interface' });
  }
  await store.release(acquired.fence);
}
