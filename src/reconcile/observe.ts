import type { Config } from '../config/schema.ts';
import type { Lease } from '../core/lease.ts';
import type { DiskView } from '../core/disk.ts';
import { preflightProblems } from '../core/preflight.ts';
import { isExpired } from '../core/presence.ts';
import type { Grace } from '../core/presence.ts';
import type { AttemptLease, Snapshot, TaskView } from '../core/snapshot.ts';
import type { Onlooker } from '../process/host.ts';
import { AgentChoices, atWork, poolViews, sharedBudgets } from './observe-pools.ts';
import { openKills } from '../store/open-kills.ts';
import type { StoreView, TaskRow } from '../store/store.ts';

/** What of the world a snapshot needs beyond the store. */
export interface Surroundings {
  readonly config: Config;
  readonly landingBlocked: string | null;
  readonly disk: DiskView;
  readonly host: Onlooker;
  /** See `Snapshot.graces`. */
  readonly graces: readonly Grace[];
  /** See `Snapshot.isFirstLook`. */
  readonly isFirstLook: boolean;
  /** A train was started a moment ago and may not hold its lease yet. */
  readonly trainStarting: boolean;
  /** Whether a process of this attempt runs: asked of those that nobody has claimed. */
  readonly hasProcess: (attempt: Pick<AttemptLease, 'taskId' | 'attempt' | 'token'>) => boolean;
}

/** The snapshot that a cycle decides from: the store's view, and which of the processes in it live. */
export function observe(
  view: StoreView,
  { config, landingBlocked, disk, host, graces, isFirstLook, trainStarting, hasProcess }: Surroundings,
): Snapshot {
  const monotonicMs = host.clock.monotonicMs();
  const nowMs = host.clock.nowMs();
  const choices = new AgentChoices(config);
  const running = new Map<string, number>();
  for (const { id, state } of view.rows) if (state.status === 'running') running.set(id, state.attempt);
  const train = view.leases.find(({ resource }) => resource === 'train');
  return {
    tasks: view.rows.map((row) => taskView(row, config, choices)),
    dependencies: view.dependencies,
    successors: view.successors,
    kills: openKills(view.intents),
    leases: view.leases.flatMap((lease) => attemptLease(lease, running, host, hasProcess)),
    train: {
      live:
        trainStarting ||
        (train !== undefined &&
          ownerState(train, host) === 'live' &&
          !isExpired(train.expiresMonotonicMs, monotonicMs, graces)),
      openLandings: view.intents.filter(({ intent }) => intent.kind === 'land').length,
    },
    stopped: view.control.stopped,
    pauses: view.control.pauses,
    failuresInARow: view.control.failuresInARow,
    landingBlocked,
    disk,
    pools: poolViews(view.spending, config, nowMs),
    atWork: atWork(view.spending, config),
    budgets: sharedBudgets(view.spending, config, view.leases, nowMs),
    limits: {
      concurrent: config.limits.concurrent,
      dispatchPerCycle: config.limits.dispatchPerCycle,
      consecutiveFailures: config.limits.consecutiveFailures,
      backlog: config.limits.backlog,
      areas: areaLimits(config),
    },
    monotonicMs,
    isFirstLook,
    graces,
  };
}

function areaLimits({ areas }: Config): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const [name, { concurrent }] of Object.entries(areas)) if (concurrent !== null) limits[name] = concurrent;
  return limits;
}

function taskView(row: TaskRow, config: Config, choices: AgentChoices): TaskView {
  return {
    id: row.id,
    title: row.title,
    state: row.state,
    counters: row.counters,
    priority: row.priority,
    updatedMs: row.updatedMs,
    area: row.area,
    agents: choices.of(row.agent),
    owns: row.owns,
    after: row.after,
    problems: preflightProblems(row, config),
  };
}

function attemptLease(
  lease: Lease,
  running: ReadonlyMap<string, number>,
  host: Onlooker,
  hasProcess: Surroundings['hasProcess'],
): AttemptLease[] {
  if (!lease.resource.startsWith('task:')) return [];
  const taskId = lease.resource.slice('task:'.length);
  const attempt = running.get(taskId);
  if (attempt === undefined) return [];
  const { token, expiresMonotonicMs } = lease;
  const owner = ownerState(lease, host);
  // It died before its first act, or its scheduler did before it was started: nobody will claim it any more.
  const neverComes = owner === 'unclaimed' && !hasProcess({ taskId, attempt, token });
  return [{ taskId, attempt, token, owner: neverComes ? 'dead' : owner, expiresMonotonicMs }];
}

function ownerState(lease: Lease, host: Onlooker): AttemptLease['owner'] {
  if (lease.bootId !== host.self.bootId) return 'elsewhere';
  if (lease.owner === null) return 'unclaimed';
  return host.isAlive(lease.owner) ? 'live' : 'dead';
}
