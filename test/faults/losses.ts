import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { add, NOTHING } from '../../src/core/budget.ts';
import type { Amount } from '../../src/core/budget.ts';
import type { YardEvent } from '../../src/core/yard-event.ts';
import type { StoreReader } from '../../src/store/store.ts';
import { openReader } from '../../src/store/sqlite-reader.ts';
import { runGit } from '../fixtures/e2e/git.ts';
import type { Loss, PromiseId } from './fault.ts';
import { JOURNAL, TARGET } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { isAlive } from '../../src/process/identity.ts';

/*
 * What must hold once a scenario has come to its end, whatever was done to it on the way. Everything is read by other
 * means than the yard's own: git as a person would call it, SQLite's own check, files.
 */

/** What the operator's repository was before, and the target's tree of a run that nothing disturbed. */
export interface Reference {
  readonly checkout: string;
  readonly tree: string;
}

interface Commit {
  readonly id: string;
  readonly tree: string;
  readonly task: string | null;
  readonly evidence: string | null;
}

/** The operator's own part of the repository: all but the target. */
export function readCheckout(scenario: Scenario): string {
  const git = gitIn(scenario);
  const refs = git('for-each-ref', '--format=%(refname) %(objectname)')
    .split('\n')
    .filter((line) => !line.startsWith(`refs/heads/${TARGET} `));
  return [...refs, git('symbolic-ref', 'HEAD'), git('status', '--porcelain=v1', '--ignored')].join('\n');
}

/** The target's files, without the journals and without what people committed to it. */
export function readLandedTree(scenario: Scenario): string {
  return gitIn(scenario)('ls-tree', '-r', TARGET)
    .split('\n')
    .filter((line) => !JOURNAL.test(line) && !/\thuman\//.test(line))
    .join('\n');
}

/** All that is lost; empty when every promise was kept. The scenario's processes must have ended. */
export async function findLosses(scenario: Scenario, reference: Reference): Promise<Loss[]> {
  const losses: Loss[] = [];
  const lost = (promise: PromiseId, what: string): void => void losses.push({ promise, what });
  checkStore(scenario, lost);
  checkGit(scenario, lost);
  if (gitIn(scenario)('for-each-ref', `refs/heads/${TARGET}`) === '') lost('P5', 'there is no target');
  if (losses.length > 0) return losses;
  const reader = openReader(join(scenario.state, 'state.db'));
  if (reader === null) return [{ promise: 'P1', what: 'there is no store' }];
  try {
    await checkConverged(scenario, reader, lost);
    const events = await allEvents(reader);
    checkHistory(events, lost);
    const commits = readCommits(scenario);
    checkLandings(scenario, commits, events, lost);
    checkVerdicts(scenario, commits, lost);
    // What has not come to its end is not compared with what has.
    if (losses.length > 0) return losses;
    await checkEvidence(scenario, reader, commits, lost);
  } finally {
    await reader.close();
  }
  if (readLandedTree(scenario) !== reference.tree) lost('P2', 'the landed files differ from those of a quiet run');
  if (readCheckout(scenario) !== reference.checkout)
    lost('P2', 'the operator’s checkout or another branch was changed');
  checkWork(scenario, lost);
  return losses;
}

type Lost = (promise: PromiseId, what: string) => void;

function gitIn(scenario: Scenario, directory = scenario.root): (...args: string[]) => string {
  return (...args) => runGit(directory, scenario.home, args);
}

function checkStore({ state }: Scenario, lost: Lost): void {
  if (!existsSync(join(state, 'state.db'))) return lost('P5', 'there is no store');
  const db = new DatabaseSync(join(state, 'state.db'), { readOnly: true });
  try {
    const rows = db
      .prepare('pragma integrity_check')
      .all()
      .map((row) => String(Object.values(row)[0]));
    if (rows.join() !== 'ok') lost('P6', `the store is damaged: ${rows.join('; ')}`);
  } finally {
    db.close();
  }
}

function checkGit(scenario: Scenario, lost: Lost): void {
  for (const directory of [scenario.root, join(scenario.state, 'depot.git')].filter((path) => existsSync(path))) {
    try {
      // Objects that nothing names are what a process that died has left; they are no damage.
      runGit(directory, scenario.home, ['fsck', '--strict', '--full', '--no-dangling']);
    } catch (error) {
      lost('P6', `git fsck of ${directory}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function checkConverged(scenario: Scenario, reader: StoreReader, lost: Lost): Promise<void> {
  for (const id of scenario.tasks) {
    const status = (await reader.task(id))?.state.status;
    if (status !== 'landed') lost('P5', `${id} is ${status ?? 'not known'}`);
  }
  for (const id of scenario.cancelled) {
    const status = (await reader.task(id))?.state.status;
    if (status !== 'cancelled') lost('P5', `${id} is ${status ?? 'not known'}`);
  }
  const intents = await reader.openIntents();
  if (intents.length > 0) lost('P5', `open intents: ${JSON.stringify(intents)}`);
  // A slot's lease is left to whoever uses the slot next.
  const leases = (await reader.leases()).filter(({ resource }) => !/^(?:slot|prewarm):/.test(resource));
  // One that could not be given back is void with its process; a task's is taken back all the same.
  const held = leases.filter(({ resource, owner }) => resource.startsWith('task:') || owner === null || isAlive(owner));
  if (held.length > 0) lost('P5', `held leases: ${JSON.stringify(held)}`);
  for (const id of [...scenario.tasks, ...scenario.cancelled]) await checkAccount(id, reader, lost);
}

/** The sums of what a task has spent are those of its turns, none of which is open. */
async function checkAccount(id: string, reader: StoreReader, lost: Lost): Promise<void> {
  const turns = await reader.turns(id);
  const spend = await reader.spend({ scope: `task:${id}`, period: 0 });
  const used = turns.map(({ settled }) => settled?.used ?? null);
  if (used.includes(null)) lost('P5', `${id} has an open turn`);
  const sum = used.reduce<Amount>((total, amount) => (amount === null ? total : add(total, amount)), NOTHING);
  const told = { ...spend, estimatedMicros: 0 };
  const right = { turns: turns.length, reserved: NOTHING, settled: sum, estimatedMicros: 0 };
  if (!isDeepStrictEqual(told, right))
    lost('P1', `${id} has spent ${JSON.stringify(told)}, its turns ${JSON.stringify(right)}`);
}

async function allEvents(reader: StoreReader): Promise<YardEvent[]> {
  return reader.events({ limit: 1_000_000 });
}

/** The history, not only its end. */
function checkHistory(events: readonly YardEvent[], lost: Lost): void {
  const ended = new Set<string>();
  const closed = new Set<number>();
  const landed = new Set<string>();
  for (const { type, taskId, attempt, data, seq } of events) {
    const name = `${taskId ?? ''}/${attempt ?? ''}`;
    if (type === 'attempt.finished' && ended.has(name)) lost('P4', `attempt ${name} ended twice (event ${seq})`);
    if (type === 'attempt.phase' && ended.has(name)) lost('P4', `attempt ${name} wrote after its end (event ${seq})`);
    if (type === 'attempt.finished') ended.add(name);
    if (type === 'task.landed' && landed.has(taskId ?? '')) lost('P3', `${taskId} landed twice (event ${seq})`);
    if (type === 'task.landed') landed.add(taskId ?? '');
    if (type !== 'landing.closed') continue;
    const { intentId } = data as { readonly intentId: number };
    if (closed.has(intentId)) lost('P3', `landing ${intentId} was closed twice (event ${seq})`);
    closed.add(intentId);
  }
}

/** First parents of the target, from the newest to the oldest. */
function readCommits(scenario: Scenario): Commit[] {
  const format =
    '%H%x00%T%x00%(trailers:key=Yard-Task,valueonly,separator=)%x00%(trailers:key=Yard-Evidence,valueonly,separator=)';
  return gitIn(scenario)('log', '--first-parent', `--format=${format}`, TARGET)
    .split('\n')
    .map((line) => {
      const [id = '', tree = '', task = '', evidence = ''] = line.split('\0');
      return { id, tree, task: task === '' ? null : task, evidence: evidence === '' ? null : evidence };
    });
}

function checkLandings(scenario: Scenario, commits: readonly Commit[], events: readonly YardEvent[], lost: Lost): void {
  for (const id of scenario.tasks) {
    const landings = commits.filter(({ task }) => task === id);
    if (landings.length > 1) lost('P3', `${id} landed ${landings.length} times on the target`);
    const recorded = events.find(({ type, taskId }) => type === 'task.landed' && taskId === id);
    if (recorded === undefined) continue;
    const { commit } = recorded.data as { readonly commit?: string };
    if (landings[0]?.id !== commit)
      lost('P3', `${id} is recorded as landed by ${commit}, the target has ${landings[0]?.id}`);
  }
}

/** Everything that the target has ever pointed at: its reflog tells. */
function checkVerdicts(scenario: Scenario, commits: readonly Commit[], lost: Lost): void {
  const db = new DatabaseSync(join(scenario.state, 'state.db'), { readOnly: true });
  const green = new Set(
    db
      .prepare('select tree from verdicts')
      .all()
      .map(({ tree }) => String(tree)),
  );
  db.close();
  for (const { id, tree, task } of commits) {
    if (task !== null && !green.has(tree))
      lost('P2', `${task} landed as ${id}, whose tree ${tree} has no green verdict`);
  }
  const ids = new Set(commits.map(({ id }) => id));
  // git never syncs a reflog: a power cut leaves entries that are none.
  for (const id of gitIn(scenario)('log', '--walk-reflogs', '--format=%H', TARGET).split('\n').filter(Boolean)) {
    if (!ids.has(id)) lost('P2', `the target once pointed at ${id}, which is not behind it`);
  }
}

/** The evidence of every accepted attempt is what was sealed, whole, and what the landing commit names. */
async function checkEvidence(
  scenario: Scenario,
  reader: StoreReader,
  commits: readonly Commit[],
  lost: Lost,
): Promise<void> {
  for (const id of scenario.tasks) {
    for (const { attempt, outcome } of await reader.attempts(id)) {
      if (outcome?.kind !== 'accepted' && outcome?.kind !== 'gate-red') continue;
      const problem = evidenceProblem(join(scenario.state, 'attempts', id, String(attempt)));
      if (problem !== null) lost('P6', `the evidence of ${id}, attempt ${attempt}: ${problem}`);
    }
    const named = commits.find(({ task }) => task === id)?.evidence ?? '';
    const [, path = '', hash = ''] = /^(\S+) sha256:([0-9a-f]+)$/.exec(named) ?? [];
    const manifest = join(scenario.state, path, 'manifest.json');
    if (!existsSync(manifest) || sha256(readFileSync(manifest)) !== hash) {
      lost('P4', `the evidence of ${id} is not what its landing commit names: ${named}`);
    }
  }
}

function evidenceProblem(directory: string): string | null {
  const path = join(directory, 'manifest.json');
  if (!existsSync(path)) return 'there is no manifest';
  const { files } = JSON.parse(readFileSync(path, 'utf8')) as { readonly files: Readonly<Record<string, string>> };
  // An approved commit goes on to its gate without an agent.
  const ofAgent = existsSync(join(directory, 'transcript.ndjson')) ? ['prompt.md', 'packet.json', 'diff.patch'] : [];
  for (const name of [...ofAgent, 'gate.json', 'outcome.json']) {
    if (files[name] === undefined) return `${name} is missing`;
  }
  for (const [name, hash] of Object.entries(files)) {
    if (!existsSync(join(directory, name))) return `${name} is gone`;
    if (sha256(readFileSync(join(directory, name))) !== hash) return `${name} was changed after it was sealed`;
  }
  return null;
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Everything that an agent said it had written can be found again: landed, or under a ref of the depot. */
function checkWork(scenario: Scenario, lost: Lost): void {
  const kept = new Set(
    gitIn(scenario, join(scenario.state, 'depot.git'))('rev-list', '--objects', '--all')
      .split('\n')
      .map((line) => line.split(' ')[0]),
  );
  for (const name of readdirSync(scenario.acknowledged).filter((each) => !each.endsWith('.tmp'))) {
    const content = readFileSync(join(scenario.acknowledged, name));
    const blob = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
    if (!kept.has(blob) && !isInLane(scenario, name)) lost('P7', `what ${name} wrote is nowhere`);
  }
}

/** The lane of a task that was called off is kept as it is. */
function isInLane({ state, cancelled }: Scenario, name: string): boolean {
  const [task = '', attempt = ''] = name.split('.');
  return cancelled.includes(task) && existsSync(join(state, 'lanes', task, task, `journal-${attempt}`));
}
