import { diskView } from '../core/disk.ts';
import { impossible } from '../core/impossible.ts';
import { LEASE_MS } from '../core/lease.ts';
import type { Fence, Lease } from '../core/lease.ts';
import { isSettled, plan } from '../core/plan.ts';
import type { Command } from '../core/plan.ts';
import { Presence } from '../core/presence.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { UserError } from '../core/user-error.ts';
import { toRefName } from '../git/repository.ts';
import type { SyncedTarget } from '../git/target-sync.ts';
import { giveBack } from '../store/give-back.ts';
import { Heartbeat } from '../store/heartbeat.ts';
import { isHeld } from '../store/lease-holder.ts';
import type { Acquired, StoreView } from '../store/store.ts';
import { ConfigWatch } from './config-watch.ts';
import { TaskImporter } from './import.ts';
import type { ImportReport } from './import.ts';
import { carryOutKill } from './kills.ts';
import { observe } from './observe.ts';
import type { Settings } from './settings.ts';
import { Survivors } from './survivors.ts';
import { Workers } from './workers.ts';
import type { Yard } from './yard.ts';

/*
 * The L0 cycle: import → kill → recover → integrate → dispatch → snapshot. Invariants:
 * 1. One scheduler at a time: it holds the lease `scheduler`, and every row that it writes is fenced by it.
 * 2. A cycle decides from one snapshot and never waits for an agent or a gate.
 * 3. There is no other recovery than the next cycle.
 */

export interface CycleOptions {
  readonly dryRun?: boolean;
  /** Start nothing new. */
  readonly drain?: boolean;
  /** Start no train. */
  readonly noLand?: boolean;
  /** Start no other task than this. */
  readonly only?: string;
  /** How long a task's source must have been gone before a task that never started is cancelled; 0 unless said. */
  readonly goneForMs?: number;
}

export interface CycleReport {
  readonly imported: ImportReport;
  readonly commands: readonly Command[];
  readonly snapshot: Snapshot;
  /** What is wrong with the configuration or with a task file, while everything else goes on. */
  readonly problems: readonly UserError[];
  /** Nothing runs, lands, or will start by itself. */
  readonly settled: boolean;
}

export class Scheduler {
  readonly #yard: Yard;
  readonly #workers: Workers;
  readonly #importer: TaskImporter;
  readonly #fence: Fence;
  readonly #heartbeat: Heartbeat;
  readonly #configWatch: ConfigWatch;
  readonly #presence: Presence;
  #target: SyncedTarget | null = null;
  #isFirstLook = true;
  readonly #survivors = new Survivors();

  private constructor(yard: Yard, { fence, before }: Acquired & { kind: 'acquired' }, onWorkerExit: () => void) {
    this.#yard = yard;
    this.#fence = fence;
    // The scheduler before this one lived when it last renewed its lease.
    const isOfThisBoot = before?.bootId === yard.host.self.bootId;
    this.#presence = new Presence(isOfThisBoot ? before.expiresMonotonicMs - LEASE_MS : null);
    this.#heartbeat = new Heartbeat(yard.store, yard.host, fence, { outlasts: true });
    this.#configWatch = new ConfigWatch(yard.store, fence);
    this.#workers = new Workers(yard, onWorkerExit);
    this.#importer = new TaskImporter(yard.store, yard.tracker, fence);
  }

  /** Takes the yard's scheduler lease, or says who holds it. */
  static async acquire(
    yard: Yard,
    onWorkerExit: () => void,
  ): Promise<{ kind: 'acquired'; scheduler: Scheduler } | { kind: 'held'; lease: Lease }> {
    const { store, host } = yard;
    const result = await store.acquire(
      'scheduler',
      host.self,
      host.clock.monotonicMs() + LEASE_MS,
      (held) => !isHeld(held, host),
    );
    if (result.kind === 'held') return result;
    return { kind: 'acquired', scheduler: new Scheduler(yard, result, onWorkerExit) };
  }

  /** Fires when another scheduler has taken over. */
  get lost(): AbortSignal {
    return this.#heartbeat.signal;
  }

  /** Throws when the lease is lost (`stale-token`). */
  async renew(): Promise<void> {
    const { store, host } = this.#yard;
    this.lost.throwIfAborted();
    await store.renew(this.#fence, host.clock.monotonicMs() + LEASE_MS);
  }

  async release(): Promise<void> {
    this.#heartbeat.stop();
    await giveBack(this.#yard.store, this.#fence, this.lost);
  }

  /** One cycle. With `dryRun` nothing is written, and the commands are what it would do. */
  async cycle(options: CycleOptions = {}): Promise<CycleReport> {
    const settings = await this.#yard.settings.current();
    if (options.dryRun !== true) await this.#configWatch.look(settings.pin, this.#yard.settings);
    const before = await this.#yard.store.view();
    const imported = await this.#importer.run(before, settings.config, {
      dryRun: options.dryRun === true,
      goneForMs: options.goneForMs ?? 0,
      monotonicMs: this.#yard.host.clock.monotonicMs(),
    });
    const unchanged =
      options.dryRun === true || imported.added.length + imported.changed.length + imported.removed.length === 0;
    const snapshot = await this.#observe(settings, unchanged ? before : await this.#yard.store.view());
    const nowMs = this.#yard.host.clock.nowMs();
    const planned = imported.pending.length === 0 ? snapshot : withPending(snapshot, imported);
    const commands = plan(planned, nowMs, options.only ?? null).filter(
      (command) =>
        !(options.drain === true && command.kind === 'dispatch') &&
        !(options.noLand === true && command.kind === 'integrate'),
    );
    if (options.dryRun !== true) await this.#carryOutAll(settings, commands);
    this.#isFirstLook = false;
    const settingsProblem = this.#yard.settings.problem;
    return {
      imported,
      commands,
      snapshot,
      problems: [...(settingsProblem === null ? [] : [settingsProblem]), ...imported.problems],
      settled: commands.length === 0 && !snapshot.train.live && isSettled(snapshot, nowMs, options.only ?? null),
    };
  }

  async #observe(settings: Settings, view: StoreView): Promise<Snapshot> {
    const { host } = this.#yard;
    const known = this.#target?.kind === 'ok' ? this.#target.commit : undefined;
    this.#target = await this.#yard.syncTarget(toRefName(settings.config.target), known);
    return observe(view, {
      config: settings.config,
      landingBlocked: this.#target.kind === 'blocked' ? this.#target.why : null,
      disk: diskView(this.#yard.freeSpace(), settings.config.limits.diskReserveBytes),
      host,
      graces: this.#presence.look(host.clock.monotonicMs()),
      trainStarting: this.#workers.trainStarting,
      isFirstLook: this.#isFirstLook,
      hasProcess: (attempt) => this.#workers.hasProcess(attempt),
    });
  }

  /** What is to be killed is given its time to end by itself, all of it at once. */
  async #carryOutAll(settings: Settings, commands: readonly Command[]): Promise<void> {
    const kills = commands.filter(({ kind }) => kind === 'kill');
    await Promise.all(kills.map((command) => this.#carryOut(settings, command)));
    for (const command of commands) if (command.kind !== 'kill') await this.#carryOut(settings, command);
  }

  async #carryOut(settings: Settings, command: Command): Promise<void> {
    try {
      switch (command.kind) {
        case 'kill': {
          const graceMs = settings.config.limits.killGraceMs;
          return void (await carryOutKill(this.#yard, command, {
            graceMs,
            fence: this.#fence,
            known: this.#survivors,
          }));
        }
        case 'recover':
          return await this.#workers.recover(settings, this.#fence, command);
        case 'integrate':
          return await this.#workers.startTrain(settings, this.#fence);
        case 'dispatch':
          return await this.#workers.dispatch(settings, this.#fence, command);
        default:
          throw impossible(command satisfies never);
      }
    } catch (error) {
      // The world moved between snapshot and command (a person cancelled, an attempt ended): the next cycle sees it.
      if (!isOvertaken(error)) throw error;
    }
  }
}

/**
 * Another actor was faster: a person cancelled, an attempt ended between the snapshot and its recovery. The scheduler's
 * own lost lease is not among these: it ends the run.
 */
function isOvertaken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  if (error.code === 'illegal-transition' || error.code === 'yard-stopped') return true;
  return error.code === 'stale-token' && 'resource' in error && error.resource !== 'scheduler';
}

function withPending(snapshot: Snapshot, imported: ImportReport): Snapshot {
  const known = new Set(snapshot.tasks.map(({ id }) => id));
  return { ...snapshot, tasks: [...snapshot.tasks, ...imported.pending.filter(({ id }) => !known.has(id))] };
}
