import { join } from 'node:path';

import { passed } from '../config/named-secrets.ts';
import { attemptMarker } from '../core/marker.ts';
import type { AttemptOutcome } from '../core/attempt.ts';
import { impossible } from '../core/impossible.ts';
import { inertLine } from '../core/inert.ts';
import { LEASE_MS, taskResource } from '../core/lease.ts';
import { faultOfCode, isPassing } from '../core/machine-fault.ts';
import type { Fence } from '../core/lease.ts';
import type { ProcessIdentity } from '../core/process-identity.ts';
import type { Command } from '../core/plan.ts';
import type { LostWhy } from '../core/waiting.ts';
import { allowedEnvironment } from '../process/environment.ts';
import { failpointEnvironment, isDefective } from '../process/failpoint.ts';
import type { SpawnFailure } from '../process/launch.ts';
import type { DetachedProcess } from '../process/spawn.ts';
import { MARKER_VARIABLE } from '../process/table.ts';
import { trainGateMarker, trainMarker } from '../train/train-context.ts';
import type { Settings } from './settings.ts';
import { Survivors } from './survivors.ts';
import type { Yard } from './yard.ts';

/** A train is not started again sooner than this after the last start: it may have nothing that it can do. */
const TRAIN_EVERY_MS = 1_000;
/** The longest pause after trains that failed in a row. */
const TRAIN_PAUSE_MAX_MS = 60_000;

interface Worker {
  readonly args: readonly string[];
  readonly log: string;
  readonly marker: string;
  /** Called when it has ended, or could not be started. */
  readonly onEnd?: (failed: boolean) => void;
}

/** Starts the processes that do the work, and clears up after those that died. */
export class Workers {
  readonly #yard: Yard;
  readonly #onExit: () => void;
  /** Doubles with each train that failed, so that a machine that has no room for one is not kept busy by it. */
  #trainPauseMs = TRAIN_EVERY_MS;
  /** The last one that was started; without an identity, it could not be. */
  #train: { readonly identity: ProcessIdentity | null; readonly startedMs: number } | null = null;

  readonly #survivors = new Survivors();

  /** @param onExit called when a worker that this process started has ended. */
  constructor(yard: Yard, onExit: () => void) {
    this.#yard = yard;
    this.#onExit = onExit;
  }

  /**
   * The train was started so short a time ago that it may not hold its lease yet, or is left alone. After that the lease
   * alone says whether it lives: a train that hangs is alive, and lets its lease expire.
   */
  get trainStarting(): boolean {
    if (this.#train === null) return false;
    const ageMs = this.#yard.host.clock.monotonicMs() - this.#train.startedMs;
    const { identity } = this.#train;
    return ageMs < this.#trainPauseMs || (ageMs < LEASE_MS && identity !== null && this.#yard.host.isAlive(identity));
  }

  /** Once a dispatch has returned, its process has been exec'ed with its marker, or there is none. */
  hasProcess({ taskId, attempt, token }: { taskId: string; attempt: number; token: number }): boolean {
    const { host, stateDirectory } = this.#yard;
    return host.hasMarked(attemptMarker(stateDirectory, taskId, attempt, token));
  }

  async startTrain(settings: Settings, scheduler: Fence): Promise<void> {
    const { stateDirectory, host, store } = this.#yard;
    const survivors = await this.#endTrain();
    if (survivors.length > 0) {
      const why = `processes ${survivors.join(', ')} of the last train cannot be ended`;
      await store.note('worker.spawn-failed', { what: 'train', why }, { fence: scheduler });
      return;
    }
    const args = ['train', stateDirectory, settings.pinHash];
    // A signal says nothing of the machine.
    const onEnd = (failed: boolean): void => {
      this.#trainPauseMs = failed ? Math.min(2 * this.#trainPauseMs, TRAIN_PAUSE_MAX_MS) : TRAIN_EVERY_MS;
    };
    const worker = { args, log: 'train.log', marker: trainMarker(stateDirectory), onEnd };
    const started = await this.#spawn(settings, scheduler, worker);
    if (started.kind === 'spawn-failed') onEnd(true);
    const identity = started.kind === 'spawned' ? started.identity : null;
    this.#train = { identity, startedMs: host.clock.monotonicMs() };
  }

  /**
   * One whose lease is void may hang half-way through a landing: it must not wake up beside its successor. Nor may the
   * gate of one that died go on. Returns what could not be ended.
   */
  async #endTrain(): Promise<readonly number[]> {
    const { stateDirectory, host, store } = this.#yard;
    const last = await store.lease('train');
    const markers = [trainMarker(stateDirectory)];
    if (last !== null) markers.push(trainGateMarker(stateDirectory, last.token));
    const reports = await Promise.all(markers.map((marker) => host.killTree({ leader: null, marker, graceMs: 0 })));
    return reports.flatMap(({ survivors }) => survivors);
  }

  /** Intent, lease and attempt in the store first; then the process. */
  async dispatch(settings: Settings, scheduler: Fence, command: Command & { kind: 'dispatch' }): Promise<void> {
    const { store, stateDirectory, host } = this.#yard;
    const { taskId, agent, pool } = command;
    const { attempt, fence, intentId } = await store.dispatch(scheduler, taskId, {
      agent,
      pool,
      bootId: host.self.bootId,
      expiresMonotonicMs: host.clock.monotonicMs() + LEASE_MS,
    });
    const marker = attemptMarker(stateDirectory, taskId, attempt, fence.token);
    const args = ['attempt', stateDirectory, taskId, String(attempt), String(fence.token), settings.pinHash];
    const started = await this.#spawn(settings, scheduler, { args, log: `${taskId}.log`, marker });
    if (started.kind === 'spawned') {
      await store.spawned(scheduler, intentId);
      return;
    }
    const fault = faultOfCode(started.errorCode);
    const why = `the attempt process could not be started: ${inertLine(started.message, 500)}`;
    const outcome = { kind: 'infrastructure', why, ...(isPassing(fault) ? { fault } : {}) } as const;
    await store.lose(scheduler, fence, taskId, attempt, outcome);
  }

  /** Ends what is left of an attempt whose lease is lost, then takes its lease. Its lane stays as it is. */
  async recover(settings: Settings, scheduler: Fence, command: Command & { kind: 'recover' }): Promise<void> {
    const { store, stateDirectory, host } = this.#yard;
    const { taskId, attempt, token, why, together } = command;
    if (isDefective('dead-owner-ignored')) return;
    const lost: Fence = { resource: taskResource(taskId), token };
    // It may have ended by itself since the snapshot. To look for its processes takes longer than to look again.
    const lease = await store.lease(lost.resource);
    if (lease?.token !== token) return;
    const marker = attemptMarker(stateDirectory, taskId, attempt, token);
    const nowMs = host.clock.monotonicMs();
    if (!this.#survivors.mayTry(marker, nowMs)) return;
    const { survivors } = await host.killTree({
      leader: lease.owner,
      marker,
      graceMs: why === 'expired' ? settings.config.limits.killGraceMs : 0,
    });
    const isNews = this.#survivors.learn(marker, survivors, nowMs);
    if (survivors.length > 0) {
      if (isNews)
        await store.note('attempt.survivors', { pids: [...survivors] }, { taskId, attempt, fence: scheduler });
      return;
    }
    await store.lose(scheduler, lost, taskId, attempt, lostOutcome(why, together));
  }

  async #spawn(
    settings: Settings,
    scheduler: Fence,
    { args, log, marker, onEnd }: Worker,
  ): Promise<DetachedProcess | SpawnFailure> {
    const { self, stateDirectory, host } = this.#yard;
    const [program, ...before] = self;
    if (program === undefined) throw new Error('the yard does not know how to start itself');
    const logs = join(stateDirectory, 'logs');
    const started = await host.spawnDetached(program, [...before, ...args], {
      cwd: stateDirectory,
      env: allowedEnvironment(passed(settings.config), { ...failpointEnvironment(), [MARKER_VARIABLE]: marker }),
      logFile: join(logs, log),
      onExit: (code) => {
        onEnd?.(code !== null && code !== 0);
        this.#onExit();
      },
    });
    if (started.kind === 'spawned') return started;
    const { message: why } = started;
    await this.#yard.store.note('worker.spawn-failed', { what: args[0] ?? '', why }, { fence: scheduler });
    return started;
  }
}

function lostOutcome(why: LostWhy, together: boolean): AttemptOutcome {
  switch (why) {
    case 'unclaimed':
      return { kind: 'infrastructure', why: 'no process took up the attempt within a minute of its dispatch' };
    case 'owner-dead':
      return { kind: 'lost', why: 'its process died', together };
    case 'rebooted':
      return { kind: 'lost', why: 'the machine was restarted', together };
    case 'expired':
      return { kind: 'lost', why: 'its process did not renew the lease', together };
    default:
      throw impossible(why satisfies never);
  }
}
